/// A key pair made for these tests, in every form it may be written, by Python's `cryptography` 48.
enum RSAVectors {
  /// `BEGIN PRIVATE KEY`.
  static let privatePKCS8 = """
    -----BEGIN PRIVATE KEY-----
    MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC9lxmvC3tqFh3E
    eC0IwsIVA26bbw0Njof+osX1HgH2xfpjh52vL55IfbE17MwZJC3o5Rkzlo+beT6O
    ZQd1kNgZqTjU6Au09zIMoXp8CGuIIuwRkePGRpZ3aYsSn2OkqBp9Kmc2qkOvd1Fm
    na+Mrrr7hBp9uTL6jN48P8lcJwaOauWKZYsdSOQd1zPBnAKNmZYFux4sBfkf1GMI
    KpwIUrCD0aeYzmYjVCzq6F/XlXuYwZWJDpEWkEPoULL18Ol6rLuMAOePJbPQYPg0
    qw+eS7Hi6xuLF849wwEJ4Lpq2gi3h/WWqVxqaZHqgLs9knmF6nXRSI20zsbYrzjP
    zQ7GBBwBAgMBAAECggEAKD9B6AuHdQNh6VnbsY7qtZxHaD7AZh7aVt+GJ51prFHl
    8CgTfOOedeQc8QYmY7Xu+xBbc7ykGsy3z3G6DiakAXqPgn8KMS4C1XSYNGlzLnC/
    bZFraaWFfq8Mo3TrqcI38VdFlvC5MrAhOygBYtua/RbTqtncbRzndqHR5LqyJRxF
    VVX2jdXBKQEz5eMdUkPwaRropTZAqapiuPAhkeXkjj2F36aAIL38L0Ycb/EB1OyA
    BuPKhgIElc04vgVk1gQMqWuHAll4wGoFx8P7lF3iBC9UZRst647ALTK9byokr143
    gtrEDlsgu8ONAUmS/7nFHgyFNuZ0LSEaPcee+CNcgwKBgQDxb0yMcFS7ceGi3C2Y
    Vi9zuzesnygDq801CtodyjVEK8VHblRongWRWjODgyfsfeKPgL98q0+vt05FrNe+
    FyuCCVQUny5Zmv4j5U30by2UqzOROYjd6A7OD3Vk+OX+wyM90aSd1XmvUobp8SZl
    pAkIz3aLUB+Kui7tI7tJYat5BwKBgQDJBx5Ca+uAXWGpriod5tVCe3jNpyBxYjJl
    Ut8LGX+JZW70lTsJTUsOxHP8K9igtN6xeVazAl4OG9V0aU5nyBEbFd4/5kT2+b6I
    8c9CBYOpIFLCEu4dtOM+1qGkHCY4bOuBXdcx87mXmCU6p6IRvgpL9Bv5s07Ehas6
    EvNLfdyotwKBgFrhF0Jh4jMwmctw76TBBFme5kUPH8PJ/pNxw0qlW8mOZFMP/6vl
    l5jwCCX/z55ggFCeGPY3keZFrKvjdM4z8IehNUoR5SOLiRA/90kENHcavm1y58cH
    29LK1NiuK/zqvTA+4qUavxQ0j14uDNMDnPb5CNlFzqmsjY9r/MqRfjcvAoGATnxD
    +STPXl+XCLth4CjGbF1ujcRJa1suV9biFCBRZeA/UKiO0xPlUQ+sRPENc7kKFPpN
    ujgbZqDBVuDiZqx62TtReVs6474gALF//MPQYpCnHvRrGRgNfPQpSbxfw7nqvKhZ
    ozwH4sLZDixyn0C2Hm9hGL1D7IBPmK3bZUbvhsMCgYAZRWIAW642o7z+iCb6eHip
    QbAp44FECUXWr7jiVkHL1qRpcEU1E0btNGk7413Od16Hn2pKJuRIVrg68Viloo+i
    mx35PSMmp/Mlr9LmxAKlenvE5CkA46xgPIeLhEaAKeJMqxLyZsjC79a1FRQytXpZ
    HkI0vuWklVJi8mlD1UureA==
    -----END PRIVATE KEY-----
    """

  /// `BEGIN RSA PRIVATE KEY`.
  static let privatePKCS1 = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEogIBAAKCAQEAvZcZrwt7ahYdxHgtCMLCFQNum28NDY6H/qLF9R4B9sX6Y4ed
    ry+eSH2xNezMGSQt6OUZM5aPm3k+jmUHdZDYGak41OgLtPcyDKF6fAhriCLsEZHj
    xkaWd2mLEp9jpKgafSpnNqpDr3dRZp2vjK66+4Qafbky+ozePD/JXCcGjmrlimWL
    HUjkHdczwZwCjZmWBbseLAX5H9RjCCqcCFKwg9GnmM5mI1Qs6uhf15V7mMGViQ6R
    FpBD6FCy9fDpeqy7jADnjyWz0GD4NKsPnkux4usbixfOPcMBCeC6atoIt4f1lqlc
    ammR6oC7PZJ5hep10UiNtM7G2K84z80OxgQcAQIDAQABAoIBACg/QegLh3UDYelZ
    27GO6rWcR2g+wGYe2lbfhiedaaxR5fAoE3zjnnXkHPEGJmO17vsQW3O8pBrMt89x
    ug4mpAF6j4J/CjEuAtV0mDRpcy5wv22Ra2mlhX6vDKN066nCN/FXRZbwuTKwITso
    AWLbmv0W06rZ3G0c53ah0eS6siUcRVVV9o3VwSkBM+XjHVJD8Gka6KU2QKmqYrjw
    IZHl5I49hd+mgCC9/C9GHG/xAdTsgAbjyoYCBJXNOL4FZNYEDKlrhwJZeMBqBcfD
    +5Rd4gQvVGUbLeuOwC0yvW8qJK9eN4LaxA5bILvDjQFJkv+5xR4MhTbmdC0hGj3H
    nvgjXIMCgYEA8W9MjHBUu3HhotwtmFYvc7s3rJ8oA6vNNQraHco1RCvFR25UaJ4F
    kVozg4Mn7H3ij4C/fKtPr7dORazXvhcrgglUFJ8uWZr+I+VN9G8tlKszkTmI3egO
    zg91ZPjl/sMjPdGkndV5r1KG6fEmZaQJCM92i1Afirou7SO7SWGreQcCgYEAyQce
    QmvrgF1hqa4qHebVQnt4zacgcWIyZVLfCxl/iWVu9JU7CU1LDsRz/CvYoLTesXlW
    swJeDhvVdGlOZ8gRGxXeP+ZE9vm+iPHPQgWDqSBSwhLuHbTjPtahpBwmOGzrgV3X
    MfO5l5glOqeiEb4KS/Qb+bNOxIWrOhLzS33cqLcCgYBa4RdCYeIzMJnLcO+kwQRZ
    nuZFDx/Dyf6TccNKpVvJjmRTD/+r5ZeY8Agl/8+eYIBQnhj2N5HmRayr43TOM/CH
    oTVKEeUji4kQP/dJBDR3Gr5tcufHB9vSytTYriv86r0wPuKlGr8UNI9eLgzTA5z2
    +QjZRc6prI2Pa/zKkX43LwKBgE58Q/kkz15flwi7YeAoxmxdbo3ESWtbLlfW4hQg
    UWXgP1CojtMT5VEPrETxDXO5ChT6Tbo4G2agwVbg4masetk7UXlbOuO+IACxf/zD
    0GKQpx70axkYDXz0KUm8X8O56ryoWaM8B+LC2Q4scp9Ath5vYRi9Q+yAT5it22VG
    74bDAoGAGUViAFuuNqO8/ogm+nh4qUGwKeOBRAlF1q+44lZBy9akaXBFNRNG7TRp
    O+Ndzndeh59qSibkSFa4OvFYpaKPopsd+T0jJqfzJa/S5sQCpXp7xOQpAOOsYDyH
    i4RGgCniTKsS8mbIwu/WtRUUMrV6WR5CNL7lpJVSYvJpQ9VLq3g=
    -----END RSA PRIVATE KEY-----
    """

  /// `BEGIN ENCRYPTED PRIVATE KEY`, under the password "secret".
  static let privateEncrypted = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIIFNTBfBgkqhkiG9w0BBQ0wUjAxBgkqhkiG9w0BBQwwJAQQtvcS6gkNGM9s9a1u
    gi3i6gICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAb4vUyps6MdMwKq
    rLUWq0EEggTQhtc6mkaCAzbx9xtsN2xC4yw3s3bx5xHrvI34hRqsdsCJAWVwpjRG
    U3qUL5zDA4LeREN0ikUBe3faczQS4Mc1wX5rJPIwjtdIxRzrVlm/w4/VHBeCPfPE
    IgNKOoTdnPLjpyqO/MkYWxqVKwz4D7WQzg5NU18RO55bwdp8W3wn+pNMDXUypRDc
    X6kwqbvP2poTDdZSWzergFxm0ziop2+XZeiSCctPX91ihHbEmCDadNKdHWnhfENL
    teCSaqavRISnX++P5ougIkmL8TyxQDTqby8XMKWsGjZ9v4u0qwLXXXULNKAG+Gkl
    JvZKrMGkzAPaGelRgbNfzfhW8n//xdXtKr5XL9wLP8/1jwxOSLzRPaqJEEbJWdQB
    Icr7w+pFC6qhG7Tg0iO1Kt85pTX9Oko9w12jxCJ3TLGObAhyBsHSGqB24QFynT6Q
    dNx9PgkhHRG1B17+46VV611pSDEB7NRzx4Utnd/x1j8M4B+gEL3CiFE/OfDWbuj9
    GnUSbqAI3C4cyyO+Nb4b/Ng5L715nZ/DzYKvrObsxsj5x3Q6iIcx4mqnyV5cOmRt
    QtgHBX/OyTTACqIU/VRp5gHNpjtgZbO4Yspxo7JEWg+JGGNO9wDdXz4BexuV6Ci3
    jOEcqErncO8PTNDDzPdXdgNAGp39XmBa4qapkcVSRI+JyUWNRqpceKsVercDr8OD
    xOKEYTxtaals8WU3Wv5XqNZk2mBW53DKgG5DfO8hW8edmj+zMbO2FAQNIFIpDnlw
    oszee2nyUpolmN0/ujTVbkBi+NX95YlxVB2/UiJacLPJmsVXsqLhk8I02lWm9S2t
    LZfwDh2qDJW4gjLsbA2vRlFtxU7cgpXIEVPT9vts3GvrWbqnWjgf7qegXAdXyFBw
    yh+U1pgFfjxNZXcPvLKDJfhtrM9wVLXb6RA+btNo31t6OFtAWm1CFSuRSGVrPIos
    1VP5sDEzV3TpD5LHkzNcvRtv2w/D33on0pXyJlUNskDp0hPMkOXHGF/8WU0dXe0s
    ZbwXHSakP9wXAZRaHAbBXxTk7crNvlYxdAeGsGWXZo6l3lqr5YhvBTO5NVYkwpbu
    9bwKV+68IH/cr18Mv12+46J7JvR235xEqWGH6lKkc8Y4yqOC82OqZbT997NMgJzA
    g+zxGzpHjaOaLgXs9XhqX2ZqgNslQZjzQ+a38LV+Eecl9wnLpMr7lPLbA89Vtpni
    abnlE8djZlbQcFg3s10JX/HSyjyDV3u0O2CJ7SSIj1ubS5MvPGrWWhFOq2DunmFr
    r10slSH4kHpNA0MhI9C6/dH79CUGtuaYRJAqA9/v2TOEnbOid9zaxnoyZsBTyb0s
    LyymZmJNwyGeF5FAueQMiGp63YJVtlZpOf5DEWfCEAHtuPWDKYyobwAo02PVBTMt
    Wt77G2VO2vqR0+8qd6GloVMRYLpl46wmEzbWlcotDCJ5GgepuTDOreGVRxvlfQiH
    rBk6S51bnBCFHyzrboP6xVD7B2eItlPcvGJQ+LS+P4JEDWrcRoh54ykgWR5RviA6
    e2bRDwR6DUkADvNWpuAHKhPQYLqXg/yAy+kPuYLY0x2cdfbYpoauesIFn2klQprP
    Ezkuw3qhMawfm60PzStJoTM5Sa26Y9g2Rel5+6+APoVBFy1Spi84V+k=
    -----END ENCRYPTED PRIVATE KEY-----
    """

  /// `BEGIN RSA PUBLIC KEY`.
  static let publicPKCS1 = """
    -----BEGIN RSA PUBLIC KEY-----
    MIIBCgKCAQEAvZcZrwt7ahYdxHgtCMLCFQNum28NDY6H/qLF9R4B9sX6Y4edry+e
    SH2xNezMGSQt6OUZM5aPm3k+jmUHdZDYGak41OgLtPcyDKF6fAhriCLsEZHjxkaW
    d2mLEp9jpKgafSpnNqpDr3dRZp2vjK66+4Qafbky+ozePD/JXCcGjmrlimWLHUjk
    HdczwZwCjZmWBbseLAX5H9RjCCqcCFKwg9GnmM5mI1Qs6uhf15V7mMGViQ6RFpBD
    6FCy9fDpeqy7jADnjyWz0GD4NKsPnkux4usbixfOPcMBCeC6atoIt4f1lqlcammR
    6oC7PZJ5hep10UiNtM7G2K84z80OxgQcAQIDAQAB
    -----END RSA PUBLIC KEY-----
    """

  /// `BEGIN PUBLIC KEY`.
  static let publicSPKI = """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvZcZrwt7ahYdxHgtCMLC
    FQNum28NDY6H/qLF9R4B9sX6Y4edry+eSH2xNezMGSQt6OUZM5aPm3k+jmUHdZDY
    Gak41OgLtPcyDKF6fAhriCLsEZHjxkaWd2mLEp9jpKgafSpnNqpDr3dRZp2vjK66
    +4Qafbky+ozePD/JXCcGjmrlimWLHUjkHdczwZwCjZmWBbseLAX5H9RjCCqcCFKw
    g9GnmM5mI1Qs6uhf15V7mMGViQ6RFpBD6FCy9fDpeqy7jADnjyWz0GD4NKsPnkux
    4usbixfOPcMBCeC6atoIt4f1lqlcammR6oC7PZJ5hep10UiNtM7G2K84z80OxgQc
    AQIDAQAB
    -----END PUBLIC KEY-----
    """

  /// An RSA key of 1,024 bits.
  static let public1024 = """
    -----BEGIN PUBLIC KEY-----
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/4YOmSXeds46NCFIMgBb9v62t
    TMFufn6mJjQ56b1jktouJJTlDpjeEc7pzjsdouB/MqSGRw+fewxuju2ATKACnvRV
    g/pQw7ttkZ5prCcdKx5IvRymgN+XMM67LRXOFvqNeQ6Rg3Wu5rUDqT22pm8fHarm
    Ej4PWrAReuwnnhSPnwIDAQAB
    -----END PUBLIC KEY-----
    """

  /// A key of another kind: P-256.
  static let publicEC = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEcVndQowJAdoKfTaiuGKqyB73c+u4
    RCEkmK8vfSg9rqyDF8SikdRFFHoubp6UkWKsfK8eHmPpns84ZawVBgM+3w==
    -----END PUBLIC KEY-----
    """

  /// The fingerprint Telethon 1.45 computes (`telethon.crypto.rsa._compute_fingerprint`).
  static let fingerprint: Int64 = 1683457648751049396

  /// RSA_PAD of `pattern(144, seed: 60)`, padding `pattern(48, seed: 61)` and the temporary keys `pattern(32, seed: 65)` to
  /// seed 66, the last of which fits: by the documentation's steps in Python, with cryptg and `pow`.
  static let temporaryKeySeeds = 65...66
  static let paddedFull = hex(
    """
    10512554133d010ca1147c28d00be6dcb24cd067ad87a17206f300e3762d78f02afee593e506ccc37ab8ff45892ab08c3fda6a11\
    fe6d29d78e34ead7e78dc35a0c07565282b1a8d478bec328a5912f15d9f81e4ec0bdf4ce6684f5614f42443e03de9754d6f28452\
    607e4110db5563dd185fe1fc20ac0afa3f636ea435f318e720f2f85434cfbbe9783a209703859cf42ea234d2232a9b98525d7343\
    7a95dbdc2f498fb49e2ffa6f01ff9c75d78928636918c0771ce53904a16cb37f7d44497bbce8367449069d5d1c27c68202a76a57\
    88290eb42f93d10669636236d1653ec269324898838395dbf4c7ebc14b57c785dcb1bb0167c935010630d9bfc2fd199f
    """)

  /// RSA_PAD of "tgl" with padding `pattern(189, seed: 70)`, made the same way.
  static let paddedShort = hex(
    """
    9336b4634959381d7719b657602bc9671c617c623faff262d015a5ecf24b93b5f384895c52bfbbe3a68dc6f8c608fe5fb70f9b65\
    00ae5c2d233620f42693d00ef24fd6b58dea8c7f362ed6f7eed8800ac3472241499fffa35448fd5351ca8fa3a5f742fb3c833b15\
    66f246ee3ec98de00409a65586b4ba066fabc8a2bc9b8b43f2d88501c69106a3d6f63ec54a6557150630dfa313eb354f4bc46fa8\
    b68ccb9cadea7d637f1baee51b865cfaff2de379ddf17f170494a17f9549d286d243f7aeba2ae254e8f75bc3e1ac5d71037b9ed6\
    9356018d785b9c471afb11499120206f738d165b7c7e1788a51cb8e5c7981a79e9bf18878736bd4f56e332bcf0f4ac89
    """)

  /// A zero byte and `pattern(255, seed: 90)`, raised to the public exponent by Python's `pow`.
  static let bareBlock = hex(
    """
    4def40ae2cf8275b39c172269c193d14160d26a669e062e7783c798d9789964093a51a099b41d0597c3e63e6433b7952035ea374\
    6a4e95a5d18e13f7cce298cc688d1923845f337142bdae140b83a48cc6c9ed065efb4f495c67ec0562a93574b5d2f563fa5da38e\
    9f9e924ed0de78a613477c6c5c8334b38ea356cfed9ae6465902cb21849eb6dcb43d0a82d09c1354b75d3e1d906479c37c0ba4fd\
    0e19837df46d9d14ecb7aa2b372229059f2507231bd9177761ff01bdfff2c2465652746d24b49fc3b46ca8dde6026750dd8e137a\
    3c5301887fcc37979d9385ee7a9f20b8c87e8038e709e84b9e1fa387e4384335214cfe08a162f6a19f1d034632048824
    """)
}
