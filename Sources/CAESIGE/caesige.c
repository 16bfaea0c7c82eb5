#include "caesige.h"

#include <openssl/crypto.h>

#if defined(__x86_64__) || defined(__i386__)

#include <immintrin.h>

#define WITH_AES __attribute__((target("aes,sse4.1")))
enum { ROUNDS = 14 };

int caesige_has_instructions(void) {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1");
}

WITH_AES static inline __m128i spread(__m128i key) {
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  return _mm_xor_si128(key, _mm_slli_si128(key, 4));
}

// FIPS 197, section 5.2, for 256-bit keys: an even round key uses the S-box, the rotation and the round constant,
// an odd one only the S-box.
#define EVEN(index, constant)                                                                               \
  keys[index] = _mm_xor_si128(spread(keys[(index) - 2]),                                                    \
                              _mm_shuffle_epi32(_mm_aeskeygenassist_si128(keys[(index) - 1], constant), 0xff))
#define ODD(index)                                                                                          \
  keys[index] = _mm_xor_si128(spread(keys[(index) - 2]),                                                    \
                              _mm_shuffle_epi32(_mm_aeskeygenassist_si128(keys[(index) - 1], 0), 0xaa))

WITH_AES static void expand_key(const uint8_t key[32], __m128i keys[ROUNDS + 1]) {
  keys[0] = _mm_loadu_si128((const __m128i *)key);
  keys[1] = _mm_loadu_si128((const __m128i *)(key + 16));
  EVEN(2, 0x01);
  ODD(3);
  EVEN(4, 0x02);
  ODD(5);
  EVEN(6, 0x04);
  ODD(7);
  EVEN(8, 0x08);
  ODD(9);
  EVEN(10, 0x10);
  ODD(11);
  EVEN(12, 0x20);
  ODD(13);
  EVEN(14, 0x40);
}

// In IGE each block waits for the one before it, so the time is that of the rounds one after another. Everything
// else is kept off that chain: the next input is xored with the first round key ahead of time, and the last round's
// key is xored with the block that is added behind it.
WITH_AES static void encrypt(uint8_t *data, size_t length, const __m128i *keys, const uint8_t iv[32]) {
  __m128i cipher = _mm_loadu_si128((const __m128i *)iv);
  __m128i plain = _mm_loadu_si128((const __m128i *)(iv + 16));
  for (size_t offset = 0; offset < length; offset += 16) {
    __m128i *at = (__m128i *)(data + offset);
    const __m128i input = _mm_loadu_si128(at);
    const __m128i last = _mm_xor_si128(keys[ROUNDS], plain);
    __m128i state = _mm_xor_si128(cipher, _mm_xor_si128(input, keys[0]));
#pragma GCC unroll 13
    for (int round = 1; round < ROUNDS; round++) state = _mm_aesenc_si128(state, keys[round]);
    cipher = _mm_aesenclast_si128(state, last);
    plain = input;
    _mm_storeu_si128(at, cipher);
  }
}

WITH_AES static void decrypt(uint8_t *data, size_t length, const __m128i *keys, const uint8_t iv[32]) {
  __m128i cipher = _mm_loadu_si128((const __m128i *)iv);
  __m128i plain = _mm_loadu_si128((const __m128i *)(iv + 16));
  for (size_t offset = 0; offset < length; offset += 16) {
    __m128i *at = (__m128i *)(data + offset);
    const __m128i input = _mm_loadu_si128(at);
    const __m128i last = _mm_xor_si128(keys[ROUNDS], cipher);
    __m128i state = _mm_xor_si128(plain, _mm_xor_si128(input, keys[0]));
#pragma GCC unroll 13
    for (int round = 1; round < ROUNDS; round++) state = _mm_aesdec_si128(state, keys[round]);
    plain = _mm_aesdeclast_si128(state, last);
    cipher = input;
    _mm_storeu_si128(at, plain);
  }
}

WITH_AES static void crypt(uint8_t *data, size_t length, const uint8_t key[32], const uint8_t iv[32],
                           enum caesige_direction direction) {
  __m128i keys[ROUNDS + 1];
  expand_key(key, keys);
  if (direction == CAESIGE_ENCRYPT) {
    encrypt(data, length, keys, iv);
  } else {
    // The equivalent inverse cipher, FIPS 197, section 5.3.5.
    __m128i inverse[ROUNDS + 1];
    inverse[0] = keys[ROUNDS];
    for (int round = 1; round < ROUNDS; round++) inverse[round] = _mm_aesimc_si128(keys[ROUNDS - round]);
    inverse[ROUNDS] = keys[0];
    decrypt(data, length, inverse, iv);
    OPENSSL_cleanse(inverse, sizeof inverse);
  }
  OPENSSL_cleanse(keys, sizeof keys);
}

int caesige_crypt(uint8_t *data, size_t length, const uint8_t key[32], const uint8_t iv[32],
                  enum caesige_direction direction) {
  if (length % 16 != 0) return -1;
  if (!caesige_has_instructions()) return caesige_crypt_portable(data, length, key, iv, direction);
  crypt(data, length, key, iv, direction);
  return 0;
}

#else

int caesige_has_instructions(void) { return 0; }

int caesige_crypt(uint8_t *data, size_t length, const uint8_t key[32], const uint8_t iv[32],
                  enum caesige_direction direction) {
  return caesige_crypt_portable(data, length, key, iv, direction);
}

#endif
