#pragma once
#include <stddef.h>
#include <stdint.h>

// AES-256 in IGE mode, in place, with OpenSSL's order of the initialization vector: the block "before" the first
// ciphertext, then the block "before" the first plaintext. `length` is a multiple of 16. Both return 0 on success.
// Source: core.telegram.org/mtproto/description, "AES-256 in IGE mode".

enum caesige_direction { CAESIGE_DECRYPT = 0, CAESIGE_ENCRYPT = 1 };

// Uses the processor's AES instructions where it has them, OpenSSL otherwise.
int caesige_crypt(uint8_t *data, size_t length, const uint8_t key[32], const uint8_t iv[32],
                  enum caesige_direction direction);

// The OpenSSL path, whatever the processor has.
int caesige_crypt_portable(uint8_t *data, size_t length, const uint8_t key[32], const uint8_t iv[32],
                           enum caesige_direction direction);

// Whether caesige_crypt uses the processor's AES instructions.
int caesige_has_instructions(void);
