/* SPDX-License-Identifier: ISC */
/* Keys for tests alone: everybody has them. */
#ifndef VRP_TEST_SIGKEYS_H
#define VRP_TEST_SIGKEYS_H

#define KEY_ED25519 \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MC4CAQAwBQYDK2VwBCIEIEyWLp3z6yK0nECl0mqbH4gBmBaN0Q/xoKdXwGMNbJ0B\n" \
	"-----END PRIVATE KEY-----\n"

#define KEY_ED25519_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MCowBQYDK2VwAyEAoLStkDtpG+r2TjErIC+RpwH6s7W9q54sWkZ8NgOdHps=\n" \
	"-----END PUBLIC KEY-----\n"

#define KEY_OTHER \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MC4CAQAwBQYDK2VwBCIEIK0wUQhdytk2/cXH/yuECQjpNyvflhkUbG2WgyA5noCt\n" \
	"-----END PRIVATE KEY-----\n"

#define KEY_OTHER_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MCowBQYDK2VwAyEA53PJJjWOMr2e4qBR195ugjIY9pX+nPDDERwz3Djxbbs=\n" \
	"-----END PUBLIC KEY-----\n"

#define KEY_P256 \
	"-----BEGIN EC PRIVATE KEY-----\n" \
	"MHcCAQEEIHdgFyOGdz14pDF7QT1MKW/Xv34cDXvUx7S2kCML5pLCoAoGCCqGSM49\n" \
	"AwEHoUQDQgAEKe79dDDqHWG81KbgwheMo6nPVMmKKpPzAg0bgotThCmad8UApFSZ\n" \
	"jOIPANRKkvZkqTXeiTed+t4K71lRNG0lyQ==\n" \
	"-----END EC PRIVATE KEY-----\n"

#define KEY_P256_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKe79dDDqHWG81KbgwheMo6nPVMmK\n" \
	"KpPzAg0bgotThCmad8UApFSZjOIPANRKkvZkqTXeiTed+t4K71lRNG0lyQ==\n" \
	"-----END PUBLIC KEY-----\n"

#define KEY_RSA \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCs638o63Al8Kh0\n" \
	"kii0wMo4Vi5AxOT8mjZ+mtKpp1UFqYPfpR2wxu+2ledQ58QzDCKmxlnUl2eh4qH/\n" \
	"+HQzQBm+c/ImYxY0FcfsPRWQEpYJKtB6Oj0GvdSBI/uTSoT/jIrA8wIDaDomNxnE\n" \
	"Ooh+wkXUHwb+nny+eDwgmN98/eB/hU4mxuhsTGCwaziIKX7lS13VLo2lMGc9OnX6\n" \
	"05b6fxEoThHwJ0nXcpXGs1FUd4B1yTpQ867p19xRN/Ul808SVN9I2MxGd3tb1XdP\n" \
	"T6Lc+85ncxwdxP8JTIrcWvXC1K+hCaNbkMW92zq6ExHKMyj4FlDLkedBruziHWKV\n" \
	"2o4wfWfnAgMBAAECggEAQ2v7A6hw7Mod1H3ck0WMU1T+6dAbfIZgcxLIys9sri1/\n" \
	"Nqc5oWCfvLBMJdaIQGMd66rxAZwbExq7kYN9QzJeF008AE2oLZzEe88BZlBo4aAo\n" \
	"809b1hIUFlpCUBbBLqbMvxjBEzUDXz0itckgyVPUSDXk00hWWSmmQAt7MFAIxY89\n" \
	"nhyKydydVIF92zzFmWZs7qTb1sMqVyBohfR/O9pJJ7DkJWx66ooqDV7sNDXQnag+\n" \
	"62Zy0H/exCQ7GaJz7f+ubf9X01oPp5/n2BdkmpXiRgFvz3kF/P6A8xKbBobTxaHS\n" \
	"86EM7TPjPSd3lOBYBpKzQjYGxVtBNdBXCZbq76t70QKBgQD0AVrTvmTZ/T44CNOy\n" \
	"lY9ddelT2zEsTFq19OJs1iscIxV2Fi0SO0M2clj/v0Nj51c2mLFwyEkcF/3J/5c3\n" \
	"vVpqQjqoli3Wxvdf32ssCxCJJczhqxTXamrSY3c68TPayMzXqr9QAWTuxj8V+T/Y\n" \
	"nheKlfjL/vsuqUMeG3/lAhPEmQKBgQC1a5RTXtCurA3ziUwSZf64er4xaE6+xSBP\n" \
	"51sOoL29wlkPXEKllPDhuTpvNLTKHs/SLB4ngAOh/3ihfQsYx7Pu8WGKOExq/SnV\n" \
	"/zkkhOSKIk3/h95gAQRYP/MRItGbpSNAwEbMvk6t9kP2Phdw8TSf8zQNFzjXfN86\n" \
	"Y9+R0pHgfwKBgQC0vcAqspB/zI9m8FrnoNNGVo4UGHwPJSvYNmH2XpomSHKgOwL9\n" \
	"yzoZPZBhOKrReM5oWaiuMx28mqTaGOJJXpB3v0E2GbAwtMcOlC8Nu9Bu1roxuwlA\n" \
	"G8qutxDdb0eK20yowAjgWXgLSnv2ad96NHiZpkdZzDEBOk3GInaVCvnbmQKBgQCj\n" \
	"eghTQ9oJu/JqZGrPHWd1du1ReiuTDfC678AGo2O2zZ0REVLhACA7VnzIXpcWlsMw\n" \
	"IR8e+uTLInjiE9pe/v0tsAbz1R1PP0dmlTA5ryJ9MsJUI2uH2QLAPwfZhiWY+iqV\n" \
	"G23w6v/dFE9TYcoftMp142Ig9a77xoMki4CXV0aqIwKBgG1+fgy4IH7WKG4lHs+Q\n" \
	"dc0d/qvd3aWRLqz0WEKOuLUfpw98LL1RVL1ABKFIvLtLntpnymoKkhdx1Ne8V64W\n" \
	"mEGIsRyk4RS4EFBLZFkuBS6+buR+Z007Y67f6xwrKMaVoexUBjQJZt+i8K/RSQGV\n" \
	"cD+ftxPLl7ohTheSqWZHvGtq\n" \
	"-----END PRIVATE KEY-----\n"

#define KEY_RSA_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArOt/KOtwJfCodJIotMDK\n" \
	"OFYuQMTk/Jo2fprSqadVBamD36UdsMbvtpXnUOfEMwwipsZZ1JdnoeKh//h0M0AZ\n" \
	"vnPyJmMWNBXH7D0VkBKWCSrQejo9Br3UgSP7k0qE/4yKwPMCA2g6JjcZxDqIfsJF\n" \
	"1B8G/p58vng8IJjffP3gf4VOJsbobExgsGs4iCl+5Utd1S6NpTBnPTp1+tOW+n8R\n" \
	"KE4R8CdJ13KVxrNRVHeAdck6UPOu6dfcUTf1JfNPElTfSNjMRnd7W9V3T0+i3PvO\n" \
	"Z3McHcT/CUyK3Fr1wtSvoQmjW5DFvds6uhMRyjMo+BZQy5HnQa7s4h1ildqOMH1n\n" \
	"5wIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"

#define KEY_RSA_1024 \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAOlGgdTu8w5rvAxN\n" \
	"S3hYyzLTEfVWADTYKJPOfzlwe+gckTY2ocL53two30e7ps8qTzOitS5qfmp/vqOv\n" \
	"Y0ZqL0zOI9sTuxbB+1/VqcwJ2A48zCQGHexRE139wKy6SSqYoivmPexzmSpMOvl2\n" \
	"cKK6GE1LXVb5X0Cg+t5W4GOxCZttAgMBAAECgYAzvI548lH3xc8cD1yIoXDXodZe\n" \
	"yicbkUFWnrq6u4bPkN5n3q/7tT1HKM10dFrnoWOVeSWj2LyW1CQs224yJMS+YJft\n" \
	"B2Z8zsup/XzkCcl6oZ/4z+188AXXrBuR/jom4TQij2zbXpFVhns+1iOTBp0TIVvh\n" \
	"cic6e2zyNPT+8QozgQJBAPzQn2tS+qcGrp7OzveM3cKa7jqJJTIzmneTi8N/VOn0\n" \
	"Q0jIdoAjdPgb8NecNANw2ozdszKQAwGoDtsCZ0Y9rWECQQDsNt2ePC4eOTWSG9RA\n" \
	"QO5yFGxg7mS1rXMkDUiGjtkXypqUxLipCK8vXh3awipNeDKt48DoR4GhhHwSbya9\n" \
	"YT2NAkBpuZkhmdcGqI24DgaRkdBfhMkho57xipELdqGZRROurx7APk0IM0vEQnMK\n" \
	"x+Ecm0JabJB3EbCgLbbgsfWcc0ihAkAhXH5gYs+ApUPTpuqLSKBkrE3CQukmX6Dr\n" \
	"bpTXrEUs/whmCoKqHPfhEMHWq6Wd22QM+yW7qJ2+Wh/L2rb1+E3hAkEAlXLAbp1v\n" \
	"Il6o+v824aTcqhno4RtUMXSwB5PwpOlD4OHeas+LxX7n/8AsWR8NsMiYMVjo+g36\n" \
	"orXKjZV4UOqJoA==\n" \
	"-----END PRIVATE KEY-----\n"

#define KEY_RSA_1024_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDpRoHU7vMOa7wMTUt4WMsy0xH1\n" \
	"VgA02CiTzn85cHvoHJE2NqHC+d7cKN9Hu6bPKk8zorUuan5qf76jr2NGai9MziPb\n" \
	"E7sWwftf1anMCdgOPMwkBh3sURNd/cCsukkqmKIr5j3sc5kqTDr5dnCiuhhNS11W\n" \
	"+V9AoPreVuBjsQmbbQIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"

#define KEY_P384 \
	"-----BEGIN EC PRIVATE KEY-----\n" \
	"MIGkAgEBBDDRjrDf2EE3+b8Adg6M+qvHokE7sr2h/ZOv3wYcdQinUWKz6VNvSNbW\n" \
	"OwRCun6cJmGgBwYFK4EEACKhZANiAATOaynTiaVYM4cyW3Sp51MWdOArSkrdj1Md\n" \
	"GTA9mx8BldYp2rZQidVSMVvmcg5xjY3jlndOG9jE3XUkic82UXuFH1Q/HUOpBcik\n" \
	"ntDrzDDDslb13KLSEIpFMlG2G6lhFeI=\n" \
	"-----END EC PRIVATE KEY-----\n"

#define KEY_P384_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEzmsp04mlWDOHMlt0qedTFnTgK0pK3Y9T\n" \
	"HRkwPZsfAZXWKdq2UInVUjFb5nIOcY2N45Z3ThvYxN11JInPNlF7hR9UPx1DqQXI\n" \
	"pJ7Q68www7JW9dyi0hCKRTJRthupYRXi\n" \
	"-----END PUBLIC KEY-----\n"

#define KEY_X25519 \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MC4CAQAwBQYDK2VuBCIEIPCbHXWn2B7mXftc69Sg3oWWyLsNJ3w6RKeUuSsqqop7\n" \
	"-----END PRIVATE KEY-----\n"

#define KEY_X25519_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MCowBQYDK2VuAyEAFXvfFIPXjPYKd/oN6gnfU0TASMZ3awTDSgRSJaeWTFU=\n" \
	"-----END PUBLIC KEY-----\n"

#define KEY_ENCRYPTED \
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" \
	"MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgRI9Jx2fmfrQICCAAw\n" \
	"DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFVkPJwYJXZLgitOqgyk/9UEQHOJ\n" \
	"CwxcbkkKFyg38N6ipTCr/rJxkLqIIWPIzwblHHsSmU7unlVwCf9UuGaYiPC98D+b\n" \
	"hSaIq69HdvgnoNkhFF8=\n" \
	"-----END ENCRYPTED PRIVATE KEY-----\n"

#endif
