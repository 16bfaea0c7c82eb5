#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "caesige.h"

enum { BLOCK = 16, CHUNK = 64 * BLOCK };

static inline void xor_block(uint8_t *out, const uint8_t *a, const uint8_t *b) {
  uint64_t x[2], y[2];
  memcpy(x, a, BLOCK);
  memcpy(y, b, BLOCK);
  x[0] ^= y[0];
  x[1] ^= y[1];
  memcpy(out, x, BLOCK);
}

// IGE encryption is CBC encryption of other blocks. With c_i = E(p_i ^ c_(i-1)) ^ p_(i-1) and y_i for the cipher's
// output, y_i = E((p_i ^ p_(i-2)) ^ y_(i-1)) and c_i = y_i ^ p_(i-1); before the first block, y_0 = c_0 and p_(-1) = 0.
// So OpenSSL's CBC code does a chunk in one call.
static int encrypt(EVP_CIPHER_CTX *context, uint8_t *data, size_t length, const uint8_t iv[32]) {
  uint8_t chunk[CHUNK];
  uint8_t previous[2 * BLOCK] = {0};  // p_(i-2), p_(i-1) for the chunk's first block
  memcpy(previous + BLOCK, iv + BLOCK, BLOCK);
  int ok = 1;
  for (size_t start = 0; ok && start < length; start += CHUNK) {
    uint8_t *at = data + start;
    const size_t count = length - start < CHUNK ? length - start : CHUNK;
    for (size_t offset = 0; offset < count; offset += BLOCK) {
      xor_block(chunk + offset, at + offset, offset < 2 * BLOCK ? previous + offset : at + offset - 2 * BLOCK);
    }
    int written = 0;
    ok = EVP_EncryptUpdate(context, chunk, &written, chunk, (int)count) == 1 && written == (int)count;
    // From the last block to the first, so that each finds the plaintext before it still in place.
    uint8_t first[BLOCK];
    memcpy(first, previous + BLOCK, BLOCK);
    memcpy(previous, count > BLOCK ? at + count - 2 * BLOCK : first, BLOCK);
    memcpy(previous + BLOCK, at + count - BLOCK, BLOCK);
    for (size_t offset = count - BLOCK; offset > 0; offset -= BLOCK) {
      xor_block(at + offset, chunk + offset, at + offset - BLOCK);
    }
    xor_block(at, chunk, first);
    OPENSSL_cleanse(first, sizeof first);
  }
  OPENSSL_cleanse(chunk, sizeof chunk);
  OPENSSL_cleanse(previous, sizeof previous);
  return ok;
}

// Decryption feeds each plaintext into the next block's input, which no mode of OpenSSL does: block by block.
static int decrypt(EVP_CIPHER_CTX *context, uint8_t *data, size_t length, const uint8_t iv[32]) {
  uint8_t cipher[BLOCK], plain[BLOCK], input[BLOCK], block[BLOCK];
  memcpy(cipher, iv, BLOCK);
  memcpy(plain, iv + BLOCK, BLOCK);
  int ok = 1;
  for (size_t offset = 0; ok && offset < length; offset += BLOCK) {
    int written = 0;
    memcpy(input, data + offset, BLOCK);
    xor_block(block, input, plain);
    ok = EVP_DecryptUpdate(context, block, &written, block, BLOCK) == 1 && written == BLOCK;
    xor_block(plain, block, cipher);
    memcpy(cipher, input, BLOCK);
    memcpy(data + offset, plain, BLOCK);
  }
  OPENSSL_cleanse(block, sizeof block);
  OPENSSL_cleanse(plain, sizeof plain);
  return ok;
}

int caesige_crypt_portable(uint8_t *data, size_t length, const uint8_t key[32], const uint8_t iv[32],
                           enum caesige_direction direction) {
  if (length % BLOCK != 0) return -1;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  if (context == NULL) return -1;
  int ok;
  if (direction == CAESIGE_ENCRYPT) {
    ok = EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, key, iv) == 1 &&
         EVP_CIPHER_CTX_set_padding(context, 0) == 1 && encrypt(context, data, length, iv);
  } else {
    ok = EVP_DecryptInit_ex(context, EVP_aes_256_ecb(), NULL, key, NULL) == 1 &&
         EVP_CIPHER_CTX_set_padding(context, 0) == 1 && decrypt(context, data, length, iv);
  }
  EVP_CIPHER_CTX_free(context);  // clears the key schedule
  return ok ? 0 : -1;
}
