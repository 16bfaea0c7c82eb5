#pragma once
// libcrypto's public headers; the C macros Swift cannot import become inline functions here.
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

// Which parts of a key to read or write.
enum copenssl_rsa_parts { COPENSSL_RSA_PUBLIC = EVP_PKEY_PUBLIC_KEY, COPENSSL_RSA_KEY_PAIR = EVP_PKEY_KEYPAIR };

// Decoders and encoders keep the strings and the key's address they are made with, so they are made here, where strings
// live forever, and not in Swift, where they live for one call.

// An RSA key from PEM text, of any structure; NULL when there is none, and for encrypted keys: nobody is asked for a
// password.
static inline EVP_PKEY *copenssl_rsa_from_pem(const unsigned char *text, size_t length, enum copenssl_rsa_parts parts) {
  EVP_PKEY *key = NULL;
  OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, "RSA", parts, NULL, NULL);
  if (decoder == NULL) return NULL;
  if (OSSL_DECODER_from_data(decoder, &text, &length) != 1) {
    EVP_PKEY_free(key);
    key = NULL;
  }
  OSSL_DECODER_CTX_free(decoder);
  return key;
}

// PEM text: PKCS #8 of a key pair, PKCS #1 of a public key. The caller frees it. Returns 1 on success.
static inline int copenssl_rsa_to_pem(const EVP_PKEY *key, enum copenssl_rsa_parts parts, unsigned char **text,
                                      size_t *length) {
  OSSL_ENCODER_CTX *encoder = OSSL_ENCODER_CTX_new_for_pkey(
      key, parts, "PEM", parts == COPENSSL_RSA_KEY_PAIR ? "PrivateKeyInfo" : "type-specific", NULL);
  if (encoder == NULL) return 0;
  const int status = OSSL_ENCODER_to_data(encoder, text, length);
  OSSL_ENCODER_CTX_free(encoder);
  return status;
}

static inline EVP_PKEY *copenssl_rsa_generate(unsigned int bits) { return EVP_RSA_gen(bits); }
static inline int copenssl_bn_byte_count(const BIGNUM *number) { return BN_num_bytes(number); }
