#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "caesige.h"

static inline void xor_block(uint8_t *out, const uint8_t *a, const uint8_t *b) {
  uint64_t x[2], y[2];
  memcpy(x, a, 16);
  memcpy(y, b, 16);
  x[0] ^= y[0];
  x[1] ^= y[1];
  memcpy(out, x, 16);
}

int caesige_crypt_portable(uint8_t *data, size_t length, const uint8_t key[32], const uint8_t iv[32],
                           enum caesige_direction direction) {
  if (length % 16 != 0) return -1;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  if (context == NULL) return -1;
  int ok = EVP_CipherInit_ex(context, EVP_aes_256_ecb(), NULL, key, NULL, direction == CAESIGE_ENCRYPT) == 1 &&
           EVP_CIPHER_CTX_set_padding(context, 0) == 1;
  // `into` is xored before the block cipher, `after` behind it: each is the other side's previous block.
  uint8_t into[16], after[16], input[16], block[16];
  memcpy(into, direction == CAESIGE_ENCRYPT ? iv : iv + 16, 16);
  memcpy(after, direction == CAESIGE_ENCRYPT ? iv + 16 : iv, 16);
  for (size_t offset = 0; ok && offset < length; offset += 16) {
    int written = 0;
    memcpy(input, data + offset, 16);
    xor_block(block, input, into);
    ok = EVP_CipherUpdate(context, block, &written, block, 16) == 1 && written == 16;
    xor_block(into, block, after);
    memcpy(after, input, 16);
    memcpy(data + offset, into, 16);
  }
  EVP_CIPHER_CTX_free(context);
  OPENSSL_cleanse(block, sizeof block);
  OPENSSL_cleanse(input, sizeof input);
  OPENSSL_cleanse(into, sizeof into);
  return ok ? 0 : -1;
}
