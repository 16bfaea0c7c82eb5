#include "caesige.h"

#include <openssl/crypto.h>
#include <stdbool.h>

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

// One block after another through the rounds of either direction. `before` is the block xored into the cipher's input,
// `behind` the one xored onto its output; each is the other side's previous block.
//
// Every block waits for the one before it, so the time is that of the rounds one after another. Nothing else is left on
// that chain: the last round's key carries along what the next block's state needs (`behind`, the next input and the
// first round's key), so that the last round of one block ends in the first state of the next, and the output is split
// off beside the chain.
#define CHAIN(name, round_of, last_round_of)                                                                      \
  WITH_AES static void name(uint8_t *data, size_t length, const __m128i *keys, __m128i before, __m128i behind) { \
    if (length == 0) return;                                                                                      \
    __m128i *block = (__m128i *)data;                                                                             \
    __m128i *const end = (__m128i *)(data + length);                                                              \
    __m128i input = _mm_loadu_si128(block);                                                                       \
    __m128i state = _mm_xor_si128(before, _mm_xor_si128(input, keys[0]));                                         \
    for (;;) {                                                                                                    \
      const bool more = block + 1 < end;                                                                          \
      const __m128i next = more ? _mm_loadu_si128(block + 1) : _mm_setzero_si128();                               \
      const __m128i carried = _mm_xor_si128(next, keys[0]);                                                       \
      const __m128i last = _mm_xor_si128(_mm_xor_si128(keys[ROUNDS], behind), carried);                           \
      _Pragma("GCC unroll 13") for (int round = 1; round < ROUNDS; round++) state = round_of(state, keys[round]); \
      state = last_round_of(state, last);                                                                         \
      _mm_storeu_si128(block, _mm_xor_si128(state, carried));                                                     \
      if (!more) return;                                                                                          \
      behind = input;                                                                                             \
      input = next;                                                                                               \
      block++;                                                                                                    \
    }                                                                                                             \
  }

CHAIN(encrypt, _mm_aesenc_si128, _mm_aesenclast_si128)
CHAIN(decrypt, _mm_aesdec_si128, _mm_aesdeclast_si128)

WITH_AES static void crypt(uint8_t *data, size_t length, const uint8_t key[32], const uint8_t iv[32],
                           enum caesige_direction direction) {
  __m128i keys[ROUNDS + 1];
  expand_key(key, keys);
  const __m128i before_cipher = _mm_loadu_si128((const __m128i *)iv);
  const __m128i before_plain = _mm_loadu_si128((const __m128i *)(iv + 16));
  if (direction == CAESIGE_ENCRYPT) {
    encrypt(data, length, keys, before_cipher, before_plain);
  } else {
    // The equivalent inverse cipher, FIPS 197, section 5.3.5.
    __m128i inverse[ROUNDS + 1];
    inverse[0] = keys[ROUNDS];
    for (int round = 1; round < ROUNDS; round++) inverse[round] = _mm_aesimc_si128(keys[ROUNDS - round]);
    inverse[ROUNDS] = keys[0];
    decrypt(data, length, inverse, before_plain, before_cipher);
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
