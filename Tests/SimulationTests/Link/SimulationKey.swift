import MTProtoCrypto

/// The simulated server's RSA key: always the same one, because the length of a key exchange depends on it.
let simulationKey: RSAPrivateKey? = try? RSAPrivateKey(
  pem: """
    -----BEGIN PRIVATE KEY-----
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCufPC0VwCTU+Ev
    IxcKdK/oIFBDGSCSM8RdItoTlfU8mlkau/WaGgh8z/OtIrQjFcNRiREQzLKlv+oC
    GqmsXeHrnC68TjYatWaoin0HgdNnRCcGBq132WnYh+BA+tErgPkCoKa7XKynBhHb
    FQ0Lsoyb9Wg4hDYWizsHml2iEzguzjXp09l7phi758DNH4Tu2azPoJ8oBRGiBuLI
    F9UEftQ1k7HEmdxs2r2ZLf0f2xWUBGY6ekCQwUL7VzQXG0inrGXcgLUb7rdDb8Ho
    PPX+67B/x4BpQUTHb9y1Ju4g8zWxOXOAS3/7FXNai/OJ60f+8BrbxFY5douhOcBe
    0yqnq7QhAgMBAAECggEAGYk88/OgqK8Xr12YD2Zs4RCrlmpMv0DWvdeuKTwi0Bv5
    quUzqDojoFqRu7auvMzAUUQ5TGdcxM+tqGGtD8YMnH32xAXBOs7uB3//FNRt8zjA
    6kubYwUdTbxy+CeM6aw+JSGMTTLerLIBdnnh9yKKHAACIPVOciWtvarcha4A5K54
    WwE29vEEjtDkCQB8OxopRc5v8ZrtwhB/zinzIH7AWa2I08iMCNxAA6uv5NFBj8gy
    nc8XkSvZ7Ud0HpYSgb+pm1k52ZUVffpG31cEf4erU3YoY30vcRvtSnzKMafFiCT+
    Dzh+tzB2uG5CbkLDA4G5gZRQW015hQJFKTAL2ZaynQKBgQDualGQrRJ0hnZBrrkJ
    npp2dN5KpQGUtHlKUUhwhZoutQ3w8wviDOj/AeMxD9fXYLat7cymmaRL9fSaymTT
    rPwbN5Z6aZHhGYQhsnloq1JiX2z9GK+dy+bAmmjIFSMdEphD+a8QgLVnWVJayQ7n
    iF/C2O5Epmrqu5YftG8+UVvrlQKBgQC7W5FP75nCp37OVXTlMb3zgEmnSTzZwLLd
    yG5ZhT3/rDtnwW4Pefr/C5DtDXCNcDLnpHqxEORkB75rJl2xjXU4ukJFWf9IXAn2
    0bV9f14bwBRffdJR2bcFXbOe8BM+50gouHmeZw2DmnBBwpxTDp23M/xdgdWQYDCX
    cDSBcVrjXQKBgBuwFzbhEqKbtwIbw3t9gty858/tZ8iYSPm7hNkkeupvtmXEJB4l
    d62dz3+0IlHt9mkuk7TJZQ45SyXq2VjH3yNeCki/F+T3bKPpMTZZpyCrimG+Sy7d
    Ljgx9nc+FSzcKvjB93XILMkK04idjvCOouhi/xDT7tjB3kZiUwT+t9kdAoGAZTOo
    4kzB+WsQC9QNOGAOAqGhJ0NgIx77fuDs+l4Ghzw5Omo5URLKiUluFx3TVhLs7ELk
    IxDEzWOBb89hfK60StgRQ/TA+Az/NNtB9W//HW47kvkbyiqXucZLZ+a1/pxfVd+P
    kgiIPDYHvP2qAxM6DeN+xeODwGC03pg1RFY+ieECgYEAzr9+rTow4XF+EP3bAesT
    mOicPaJrambhmedHFLc8UfnC0c2DYkMzdtin/2IJNW03bHVe1F84rart7AQJoWOZ
    FEeJKXQefE4eKmEYJI+CAknj+Dcrhgl99XP0KAviCQ2eoACS88kBbq1WiUJfgBVs
    9Waj20t+sTNPh1sQaJiCoEQ=
    -----END PRIVATE KEY-----
    """)
