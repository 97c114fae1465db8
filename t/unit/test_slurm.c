/* SPDX-License-Identifier: ISC */
/* SLURM files, one at a time: what is taken, what is refused, and in which words. */
#include "test.h"

#include "exceptions.h"
#include "sets.h"

#define SKI_A "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA"	/* "12345678901234567890" */
#define SKI_A_HEX "3132333435363738393031323334353637383930"

static void
expect(const char *text, size_t filters, const char *assertions)
{
	struct names *names = names_new();
	struct slurm *s = good_slurm(names, text);
	char *got = set_text(slurm_assertions(s));

	assert_case(slurm_filter_count(s) == filters, "%s: %zu filters", text, slurm_filter_count(s));
	assert_case(strcmp(got, assertions) == 0, "%s asserts\n%s", text, got);
	free(got);
	slurm_free(s);
	names_unref(names);
}

/* Refused with this message at this place, however the bytes come. */
static void
expect_bad_bytes(const char *text, size_t len, size_t line, size_t column, const char *msg)
{
	static const size_t pieces[] = {SIZE_MAX, 1, 7};
	struct names *names = names_new();

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct vrp_err err = {.line = 77, .column = 77};
		struct slurm *s = slurm_of(names, text, len, pieces[i], &err);

		assert_case(!s, "taken: %.*s", (int)len, text);
		assert_case(strcmp(err.msg, msg) == 0 && err.line == line && err.column == column,
			    "%.*s\nwanted %zu:%zu: %s\ngot    %zu:%zu: %s", (int)(len < 2000 ? len : 2000), text, line, column,
			    msg, err.line, err.column, err.msg);
	}
	names_unref(names);
}

static void
expect_bad(const char *text, size_t line, size_t column, const char *msg)
{
	expect_bad_bytes(text, strlen(text), line, column, msg);
}

static void
test_taken(void **state)
{
	(void)state;
	expect(V1("", "", "", ""), 0, "");
	expect(V2("", "", "", "", "", ""), 0, "");
	expect(V1("{\"asn\":0},{\"asn\":4294967295}", "", "", ""), 2, "");
	expect(V1("{\"prefix\":\"0.0.0.0/0\"},{\"prefix\":\"::/0\"}", "", "", ""), 2, "");
	expect(V1("{\"asn\":1},{\"asn\":1}", "{\"asn\":1},{\"asn\":1}", "", ""), 4, "");
	expect(V1("", "{\"SKI\":\"" SKI_A "\"},{\"asn\":1,\"SKI\":\"" SKI_A "\",\"comment\":\"\"}", "", ""), 2, "");
	expect(V1("", "", "{\"asn\":1,\"prefix\":\"10.0.0.0/8\"}", ""), 0, "10.0.0.0/8 8 AS1 - -\n");
	expect(V1("", "", "{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"maxPrefixLength\":8}", ""), 0, "10.0.0.0/8 8 AS1 - -\n");
	expect(V1("", "", "{\"maxPrefixLength\":32,\"prefix\":\"0.0.0.0/0\",\"asn\":0}", ""), 0, "0.0.0.0/0 32 AS0 - -\n");
	expect(V1("", "", "{\"asn\":1,\"prefix\":\"::/0\",\"maxPrefixLength\":128}", ""), 0, "::/0 128 AS1 - -\n");
	expect(V1("", "", "{\"asn\":1,\"prefix\":\"2001:DB8::/32\"}", ""), 0, "2001:db8::/32 32 AS1 - -\n");
	expect(V1("", "", "{\"asn\":1,\"prefix\":\"10.0.0.0/8\"},{\"prefix\":\"10.0.0.0/8\",\"asn\":1,\"comment\":\"\"}", ""),
	       0, "10.0.0.0/8 8 AS1 - -\n");
	expect(V1("", "", "", "{\"asn\":1,\"SKI\":\"" SKI_A "\",\"routerPublicKey\":\"AA\"}"), 0,
	       "router-key AS1 " SKI_A_HEX " AA== - -\n");
	/* Both alphabets, mixed. */
	expect(V1("", "", "", "{\"asn\":1,\"SKI\":\"" SKI_A "\",\"routerPublicKey\":\"-_+/\"}"), 0,
	       "router-key AS1 " SKI_A_HEX " +/+/ - -\n");
	expect(V2("", "", "{\"customerAsn\":1}", "", "", "{\"customerAsn\":1,\"providerAsns\":[2,4294967295]}"), 1,
	       "aspa AS1 AS2,AS4294967295 - -\n");
	expect(V2("", "", "", "", "", "{\"providerAsns\":[0],\"customerAsn\":1}"), 0, "aspa AS1 AS0 - -\n");
	/* Two of one customer in a file join. */
	expect(V2("", "", "", "", "", "{\"providerAsns\":[3],\"customerAsn\":1},{\"providerAsns\":[2],\"customerAsn\":1}"), 0,
	       "aspa AS1 AS2,AS3 - -\n");
}

/* Members have no order, and escapes are the same names. */
static void
test_order(void **state)
{
	(void)state;
	expect("{\"locallyAddedAssertions\":{\"aspaAssertions\":[{\"comment\":\"x\",\"providerAsns\":[2],\"customerAsn\":1}],"
	       "\"bgpsecAssertions\":[],\"prefixAssertions\":[]},\"validationOutputFilters\":{\"aspaFilters\":[],"
	       "\"bgpsecFilters\":[],\"prefixFilters\":[{\"comment\":\"x\",\"asn\":1}]},\"slurmVersion\":2}", 1,
	       "aspa AS1 AS2 - -\n");
	expect("\t{\"slurm\\u0056ersion\" : 1 ,\r\n\"validationOutputFilters\":{\"prefixFilters\":[{\"\\u0061sn\":1}],"
	       "\"bgpsecFilters\":[]},\"locallyAddedAssertions\":{\"prefixAssertions\":[{\"asn\":1,\"prefix\":"
	       "\"10.0.0.0\\/8\"}],\"bgpsecAssertions\":[]}}\n\n", 1, "10.0.0.0/8 8 AS1 - -\n");
}

static void
test_document(void **state)
{
	static const char lists[] = "\"validationOutputFilters\":{\"prefixFilters\":[],\"bgpsecFilters\":[]},"
				    "\"locallyAddedAssertions\":{\"prefixAssertions\":[],\"bgpsecAssertions\":[]}";
	char text[512];

	(void)state;
	expect_bad("", 1, 1, "the document is empty");
	expect_bad("\n \n", 3, 1, "the document is empty");
	expect_bad("[]", 1, 1, "an object was expected, not an array");
	expect_bad("1", 1, 1, "neither an object nor an array");
	expect_bad("{}", 1, 1, "member 'slurmVersion' is missing");
	expect_bad(" {\"slurmVersion\":1}", 1, 2, "member 'validationOutputFilters' is missing");
	expect_bad("{\"comment\":\"x\"}", 1, 2, "unknown member 'comment'");
	expect_bad("{\"SlurmVersion\":1}", 1, 2, "unknown member 'SlurmVersion'");
	expect_bad("{\"\\u001b[2J\\n\":1}", 1, 2, "unknown member '?[2J?'");
	expect_bad("{\"\":1}", 1, 2, "unknown member ''");
	snprintf(text, sizeof(text), "{%s}", lists);
	expect_bad(text, 1, 1, "member 'slurmVersion' is missing");
	snprintf(text, sizeof(text), "{\"slurmVersion\":1,%s,\"slurmVersion\":1}", lists);
	expect_bad(text, 1, strlen(text) - 16, "slurmVersion: the member is there twice");
	snprintf(text, sizeof(text), "{\"slurmVersion\":1,%s,}", lists);
	expect_bad(text, 1, strlen(text), "a key was expected");
	snprintf(text, sizeof(text), "{\"slurmVersion\":1,%s}}", lists);
	expect_bad(text, 1, strlen(text), "something follows the document");
	snprintf(text, sizeof(text), "{\"slurmVersion\":1,%s}\n\n  x", lists);
	expect_bad(text, 3, 3, "something follows the document");
	snprintf(text, sizeof(text), "{\"slurmVersion\":1,%s}", lists);
	expect(text, 0, "");
	expect_bad_bytes(text, strlen(text) + 1, 1, strlen(text) + 1, "something follows the document");
	text[strlen(text) - 1] = '\0';
	expect_bad(text, 1, strlen(text) + 1, "the document is cut short");
}

static void
test_version(void **state)
{
	(void)state;
	expect_bad("{\"slurmVersion\":0}", 1, 17, "slurmVersion: 0 is neither 1 nor 2");
	expect_bad("{\"slurmVersion\":3}", 1, 17, "slurmVersion: 3 is neither 1 nor 2");
	expect_bad("{\"slurmVersion\":-1}", 1, 17, "slurmVersion: -1 is neither 1 nor 2");
	expect_bad("{\"slurmVersion\":1.0}", 1, 17, "slurmVersion: a whole number was expected, not a real number");
	expect_bad("{\"slurmVersion\":\"1\"}", 1, 17, "slurmVersion: a whole number was expected, not a string");
	expect_bad("{\"slurmVersion\":null}", 1, 17, "slurmVersion: a whole number was expected, not null");
	expect_bad("{\"slurmVersion\":true}", 1, 17, "slurmVersion: a whole number was expected, not true");
	expect_bad("{\"slurmVersion\":[1]}", 1, 17, "slurmVersion: a whole number was expected, not an array");
	/* Lists of ASPAs in version 1, before and behind the version. */
	expect_bad("{\"slurmVersion\":1,\n\"validationOutputFilters\":{\"aspaFilters\":[]}}", 2, 28,
		   "validationOutputFilters.aspaFilters: slurmVersion 1 has no such member");
	expect_bad("{\"locallyAddedAssertions\":{\"prefixAssertions\":[],\n\"aspaAssertions\":[]},\n\"slurmVersion\":1}", 2, 1,
		   "locallyAddedAssertions.aspaAssertions: slurmVersion 1 has no such member");
	expect_bad("{\"locallyAddedAssertions\":{\"aspaAssertions\":[]},\n\"validationOutputFilters\":{\"aspaFilters\":[]},\n"
		   "\"slurmVersion\":1}", 1, 28, "locallyAddedAssertions.aspaAssertions: slurmVersion 1 has no such member");
	/* Version 2 without them. */
	expect_bad("{\"slurmVersion\":2,\"validationOutputFilters\":\n{\"prefixFilters\":[],\"bgpsecFilters\":[]},\n"
		   "\"locallyAddedAssertions\":{\"prefixAssertions\":[],\"bgpsecAssertions\":[],\"aspaAssertions\":[]}}", 2, 1,
		   "validationOutputFilters: member 'aspaFilters' is missing");
	expect_bad("{\"slurmVersion\":2,\"validationOutputFilters\":{\"prefixFilters\":[],\"bgpsecFilters\":[],"
		   "\"aspaFilters\":[]},\n \"locallyAddedAssertions\": {\"prefixAssertions\":[],\"bgpsecAssertions\":[]}}", 2, 28,
		   "locallyAddedAssertions: member 'aspaAssertions' is missing");
}

static void
test_sections(void **state)
{
	(void)state;
	expect_bad("{\"validationOutputFilters\":[]}", 1, 28, "validationOutputFilters: an object was expected, not an array");
	expect_bad("{\"locallyAddedAssertions\":null}", 1, 27, "locallyAddedAssertions: an object was expected, not null");
	expect_bad("{\"validationOutputFilters\":{\"comment\":\"\"}}", 1, 29, "validationOutputFilters: unknown member 'comment'");
	expect_bad("{\"validationOutputFilters\":{\"prefixAssertions\":[]}}", 1, 29,
		   "validationOutputFilters: unknown member 'prefixAssertions'");
	expect_bad("{\"validationOutputFilters\":{\"aspaFilter\":[]}}", 1, 29,
		   "validationOutputFilters: unknown member 'aspaFilter'");
	expect_bad("{\"validationOutputFilters\":{},\"validationOutputFilters\":{}}", 1, 31,
		   "validationOutputFilters: the member is there twice");
	expect_bad("{\"validationOutputFilters\":{\"prefixFilters\":[],\n\"prefixFilters\":[]}}", 2, 1,
		   "validationOutputFilters.prefixFilters: the member is there twice");
	expect_bad("{\"validationOutputFilters\":{\"prefixFilters\":{}}}", 1, 45,
		   "validationOutputFilters.prefixFilters: an array was expected, not an object");
	expect_bad("{\"validationOutputFilters\":{\"prefixFilters\":null}}", 1, 45,
		   "validationOutputFilters.prefixFilters: an array was expected, not null");
	expect_bad("{\"slurmVersion\":1,\"validationOutputFilters\":{\"bgpsecFilters\":[]},\"locallyAddedAssertions\":{}}", 1, 45,
		   "validationOutputFilters: member 'prefixFilters' is missing");
	expect_bad("{\"slurmVersion\":1,\"validationOutputFilters\":{\"prefixFilters\":[]},\"locallyAddedAssertions\":{}}", 1, 45,
		   "validationOutputFilters: member 'bgpsecFilters' is missing");
	expect_bad("{\"slurmVersion\":1,\"validationOutputFilters\":{\"prefixFilters\":[],\"bgpsecFilters\":[]},\n"
		   "\"locallyAddedAssertions\":{\"prefixAssertions\":[]}}", 2, 26,
		   "locallyAddedAssertions: member 'bgpsecAssertions' is missing");
}

#define PF "validationOutputFilters.prefixFilters"
#define BF "validationOutputFilters.bgpsecFilters"
#define AF "validationOutputFilters.aspaFilters"
#define PA "locallyAddedAssertions.prefixAssertions"
#define BA "locallyAddedAssertions.bgpsecAssertions"
#define AA "locallyAddedAssertions.aspaAssertions"

static void
test_entries(void **state)
{
	(void)state;
	expect_bad(V1("1", "", "", ""), 3, 1, PF "[0]: an object was expected, not a whole number");
	expect_bad(V1("{\"asn\":1},[]", "", "", ""), 3, 11, PF "[1]: an object was expected, not an array");
	expect_bad(V1("{\"asn\":1},", "", "", ""), 4, 1, "a value was expected");
	expect_bad(V1("{\"asn\":1,}", "", "", ""), 3, 10, "a key was expected");
	expect_bad(V1("{}", "", "", ""), 3, 1, PF "[0]: neither 'prefix' nor 'asn'");
	expect_bad(V1("{\"asn\":1}, {\"comment\":\"x\"}", "", "", ""), 3, 12, PF "[1]: neither 'prefix' nor 'asn'");
	expect_bad(V1("", "{\"comment\":\"x\"}", "", ""), 5, 1, BF "[0]: neither 'asn' nor 'SKI'");
	expect_bad(V1("{\"asn\":1,\"asn\":1}", "", "", ""), 3, 10, PF "[0].asn: the member is there twice");
	expect_bad(V1("{\"asn\":1,\"comment\":\"\",\"comment\":\"\"}", "", "", ""), 3, 23,
		   PF "[0].comment: the member is there twice");
	expect_bad(V1("{\"asn\":1,\"maxPrefixLength\":24}", "", "", ""), 3, 10, PF "[0]: unknown member 'maxPrefixLength'");
	expect_bad(V1("{\"asn\":1,\"comment\":1}", "", "", ""), 3, 20,
		   PF "[0].comment: a string was expected, not a whole number");
	expect_bad(V1("{\"asn\":1,\"comment\":null}", "", "", ""), 3, 20, PF "[0].comment: a string was expected, not null");
	expect_bad(V1("", "{\"ski\":\"\"}", "", ""), 5, 2, BF "[0]: unknown member 'ski'");
	expect_bad(V1("", "", "{\"asn\":1}", ""), 8, 1, PA "[0]: member 'prefix' is missing");
	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"10.0.0.0/8\"},{\"prefix\":\"10.0.0.0/8\"}", ""), 8, 33,
		   PA "[1]: member 'asn' is missing");
	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"source\":\"DN42\"}", ""), 8, 32,
		   PA "[0]: unknown member 'source'");
	expect_bad(V1("", "", "", "{\"SKI\":\"" SKI_A "\",\"routerPublicKey\":\"AA\"}"), 10, 1, BA "[0]: member 'asn' is missing");
	expect_bad(V1("", "", "", "{\"asn\":1,\"routerPublicKey\":\"AA\"}"), 10, 1, BA "[0]: member 'SKI' is missing");
	expect_bad(V1("", "", "", "{\"asn\":1,\"SKI\":\"" SKI_A "\"}"), 10, 1, BA "[0]: member 'routerPublicKey' is missing");
	expect_bad(V1("", "", "", "{\"asn\":1,\"publicKey\":\"AA\"}"), 10, 10, BA "[0]: unknown member 'publicKey'");
	expect_bad(V2("", "", "{}", "", "", ""), 7, 1, AF "[0]: member 'customerAsn' is missing");
	expect_bad(V2("", "", "{\"customerAsid\":1}", "", "", ""), 7, 2, AF "[0]: unknown member 'customerAsid'");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1}"), 14, 1, AA "[0]: member 'providerAsns' is missing");
	expect_bad(V2("", "", "", "", "", "{\"providerAsns\":[1]}"), 14, 1, AA "[0]: member 'customerAsn' is missing");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"asn\":1}"), 14, 18, AA "[0]: unknown member 'asn'");
}

static void
test_values(void **state)
{
	(void)state;
	expect_bad(V1("{\"asn\":-1}", "", "", ""), 3, 8, PF "[0].asn: -1 is not an AS number");
	expect_bad(V1("{\"asn\":4294967296}", "", "", ""), 3, 8, PF "[0].asn: 4294967296 is not an AS number");
	expect_bad(V1("{\"asn\":99999999999999999999}", "", "", ""), 3, 28, "an integer beyond 64 bits");
	expect_bad(V1("{\"asn\":\"64496\"}", "", "", ""), 3, 8, PF "[0].asn: a whole number was expected, not a string");
	expect_bad(V1("{\"asn\":6e4}", "", "", ""), 3, 8, PF "[0].asn: a whole number was expected, not a real number");
	expect_bad(V1("", "{\"asn\":null}", "", ""), 5, 8, BF "[0].asn: a whole number was expected, not null");

	expect_bad(V1("{\"prefix\":1}", "", "", ""), 3, 11, PF "[0].prefix: a string was expected, not a whole number");
	expect_bad(V1("{\"asn\":1},{\"asn\":2},{\"prefix\":\"10.0.0.1/8\"}", "", "", ""), 3, 31,
		   PF "[2].prefix: host bits set in prefix '10.0.0.1/8'");
	expect_bad(V1("{\"prefix\":\"10.0.0.0\"}", "", "", ""), 3, 11, PF "[0].prefix: prefix without a length: '10.0.0.0'");
	expect_bad(V1("{\"prefix\":\"10.0.0.0/33\"}", "", "", ""), 3, 11, PF "[0].prefix: bad prefix length: '10.0.0.0/33'");
	expect_bad(V1("{\"prefix\":\"10.0.0/8\"}", "", "", ""), 3, 11, PF "[0].prefix: bad address: '10.0.0/8'");
	expect_bad(V1("{\"prefix\":\" 10.0.0.0/8\"}", "", "", ""), 3, 11, PF "[0].prefix: bad address: ' 10.0.0.0/8'");
	expect_bad(V1("{\"prefix\":\"\"}", "", "", ""), 3, 11, PF "[0].prefix: prefix without a length: ''");
	expect_bad(V1("{\"prefix\":\"10.0.0.0/8\\u001b]0;x\\u0007\"}", "", "", ""), 3, 11,
		   PF "[0].prefix: bad prefix length: '10.0.0.0/8?]0;x?'");
	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"2001:db8::1/64\"}", ""), 8, 19,
		   PA "[0].prefix: host bits set in prefix '2001:db8::1/64'");

	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"maxPrefixLength\":7}", ""), 8, 50,
		   PA "[0].maxPrefixLength: 7 is below the prefix length, 8");
	expect_bad(V1("", "", "{\"maxPrefixLength\":33,\"asn\":1,\"prefix\":\"10.0.0.0/8\"}", ""), 8, 20,
		   PA "[0].maxPrefixLength: 33 is above 32");
	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"::/0\",\"maxPrefixLength\":129}", ""), 8, 44,
		   PA "[0].maxPrefixLength: 129 is above 128");
	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"::/0\",\"maxPrefixLength\":-1}", ""), 8, 44,
		   PA "[0].maxPrefixLength: -1 is below the prefix length, 0");
	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"::/0\",\"maxPrefixLength\":4294967328}", ""), 8, 44,
		   PA "[0].maxPrefixLength: 4294967328 is above 128");
	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"::/0\",\"maxPrefixLength\":\"64\"}", ""), 8, 44,
		   PA "[0].maxPrefixLength: a whole number was expected, not a string");
	expect_bad(V1("", "", "{\"asn\":1,\"prefix\":\"::/0\",\"maxPrefixLength\":null}", ""), 8, 44,
		   PA "[0].maxPrefixLength: a whole number was expected, not null");
}

static void
test_keys(void **state)
{
	(void)state;
	expect_bad(V1("", "{\"SKI\":1}", "", ""), 5, 8, BF "[0].SKI: a string was expected, not a whole number");
	expect_bad(V1("", "{\"SKI\":\"Zm9v\"}", "", ""), 5, 8, BF "[0].SKI: a subject key identifier has 20 bytes, not 3");
	expect_bad(V1("", "{\"SKI\":\"\"}", "", ""), 5, 8, BF "[0].SKI: a subject key identifier has 20 bytes, not 0");
	expect_bad(V1("", "{\"SKI\":\"" SKI_A "=\"}", "", ""), 5, 8, BF "[0].SKI: base64 with padding: '" SKI_A "='");
	expect_bad(V1("", "{\"SKI\":\"MTIz NDU2\"}", "", ""), 5, 8, BF "[0].SKI: not base64: 'MTIz NDU2'");
	expect_bad(V1("", "{\"SKI\":\"" SKI_A_HEX "\"}", "", ""), 5, 8,
		   BF "[0].SKI: a subject key identifier has 20 bytes, not 30");
	/* Bits that belong to no byte. */
	expect_bad(V1("", "{\"SKI\":\"MTIzNDU2Nzg5MDEyMzQ1Njc4OTB\"}", "", ""), 5, 8,
		   BF "[0].SKI: not base64: 'MTIzNDU2Nzg5MDEyMzQ1Njc4OTB'");
	expect_bad(V1("", "", "", "{\"asn\":1,\"SKI\":\"" SKI_A "\",\"routerPublicKey\":\"\"}"), 10, 64,
		   BA "[0].routerPublicKey: the key is empty");
	expect_bad(V1("", "", "", "{\"asn\":1,\"SKI\":\"" SKI_A "\",\"routerPublicKey\":\"A\"}"), 10, 64,
		   BA "[0].routerPublicKey: not base64: 'A'");
	expect_bad(V1("", "", "", "{\"asn\":1,\"SKI\":\"" SKI_A "\",\"routerPublicKey\":\"AA==\"}"), 10, 64,
		   BA "[0].routerPublicKey: base64 with padding: 'AA=='");
	expect_bad(V1("", "", "", "{\"routerPublicKey\":{}}"), 10, 20, BA "[0].routerPublicKey: a string was expected, not an object");
}

static void
test_aspas(void **state)
{
	(void)state;
	expect_bad(V2("", "", "{\"customerAsn\":4294967296}", "", "", ""), 7, 16,
		   AF "[0].customerAsn: 4294967296 is not an AS number");
	expect_bad(V2("", "", "{\"customerAsn\":\"1\"}", "", "", ""), 7, 16,
		   AF "[0].customerAsn: a whole number was expected, not a string");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[]}"), 14, 33,
		   AA "[0].providerAsns: there are no providers");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":2}"), 14, 33,
		   AA "[0].providerAsns: an array was expected, not a whole number");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[2,\"3\"]}"), 14, 36,
		   AA "[0].providerAsns[1]: a whole number was expected, not a string");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[-2]}"), 14, 34,
		   AA "[0].providerAsns[0]: -2 is not an AS number");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[3,2]}"), 14, 36,
		   AA "[0].providerAsns[1]: AS2 stands behind AS3: providers have to ascend");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[2,3,3]}"), 14, 38,
		   AA "[0].providerAsns[2]: AS3 is listed twice");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[0,3]}"), 14, 36,
		   AA "[0].providerAsns[1]: AS3 beside AS0, which has to be alone");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[0,0]}"), 14, 36,
		   AA "[0].providerAsns[1]: AS0 is listed twice");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":3,\"providerAsns\":[2,3]}"), 14, 33,
		   AA "[0].providerAsns[1]: AS3 is the customer itself");
	expect_bad(V2("", "", "", "", "", "{\"providerAsns\":[2,3],\"customerAsn\":2}"), 14, 17,
		   AA "[0].providerAsns[0]: AS2 is the customer itself");
	expect_bad(V2("", "", "", "", "", "{\"customerAsn\":3,\"providerAsns\":[2,]}"), 14, 36, "a value was expected");
}

/* HEAD, count times UNIT, TAIL; the caller frees it. */
static char *
repeat(const char *head, const char *unit, size_t count, const char *tail)
{
	size_t len = strlen(unit);
	char *text = malloc(strlen(head) + count * len + strlen(tail) + 1), *p = text;

	assert_non_null(text);
	p = stpcpy(p, head);
	for (size_t i = 0; i < count; i++)
		p = stpcpy(p, unit);
	stpcpy(p, tail);
	return text;
}

#define HEAD "{\"slurmVersion\":2,\"validationOutputFilters\":{\"prefixFilters\":[],\"bgpsecFilters\":[],\"aspaFilters\":[]}," \
	     "\"locallyAddedAssertions\":{\"prefixAssertions\":[],"

static void
test_key_sizes(void **state)
{
	static const char head[] = HEAD "\"aspaAssertions\":[],\"bgpsecAssertions\":[\n{\"asn\":1,\"SKI\":\"" SKI_A "\",\n"
				   "\"routerPublicKey\":\"";
	struct names *names = names_new();
	struct vrp_err err;
	struct slurm *s;
	size_t n;
	char *text;

	(void)state;
	/* SPKI_MAX is 65,503: three bytes are four digits, and one is two. */
	text = repeat(head, "AAAA", SPKI_MAX / 3, "AA\"}]}}");
	s = good_slurm(names, text);
	assert_int_equal(vrpset_router_keys(slurm_assertions(s), &n)->spki_len, SPKI_MAX);
	free(text);
	slurm_free(s);
	text = repeat(head, "AAAA", SPKI_MAX / 3, "AAA\"}]}}");
	assert_null(slurm_of(names, text, strlen(text), SIZE_MAX, &err));
	assert_string_equal(err.msg, BA "[0].routerPublicKey: a key of 65504 bytes, more than 65503");
	free(text);
	text = repeat(head, "AAAA", 100000, "\"}]}}");
	assert_null(slurm_of(names, text, strlen(text), SIZE_MAX, &err));
	assert_string_equal(err.msg, BA "[0].routerPublicKey: the text is too long");
	assert_int_equal(err.line, 3);
	assert_int_equal(err.column, 19);
	free(text);
	/* A comment may be of any length, but not a name. */
	text = repeat(HEAD "\"bgpsecAssertions\":[],\"aspaAssertions\":[{\"customerAsn\":1,\"providerAsns\":[2],\"comment\":\"", "word", 100000,
		      "\"}]}}");
	slurm_free(good_slurm(names, text));
	free(text);
	text = repeat("{\"", "word", 100000, "\":1}");
	expect_bad(text, 1, 2, "unknown member of a very long name");
	free(text);
	text = repeat("{\"", "word", 100, "\":1}");
	expect_bad(text, 1, 2, "unknown member 'wordwordwordwordwordwordwordwordwordwordwordwordwordwordwordword...'");
	free(text);
	text = repeat("{\"validationOutputFilters\":{\"prefixFilters\":[{\"prefix\":\"", "1", 200000, "\"}]}}");
	expect_bad(text, 1, 56, PF "[0].prefix: the text is too long");
	free(text);
	/* Depth costs nothing: what may not be there is not looked into. */
	text = repeat("{\"validationOutputFilters\":{\"prefixFilters\":[", "[", 100000, "");
	expect_bad(text, 1, 46, PF "[0]: an object was expected, not an array");
	free(text);
	names_unref(names);
}

/* A file with one ASPA of n providers in ascending order, or two of n each. */
static char *
providers_text(uint32_t n, bool two)
{
	char *text = malloc(1024 + 2 * (size_t)n * 8), *p = text;

	assert_non_null(text);
	p = stpcpy(p, HEAD "\"bgpsecAssertions\":[],\"aspaAssertions\":[");
	for (uint32_t k = 0; k <= two; k++) {
		p = stpcpy(p, k ? ",{\"customerAsn\":7,\"providerAsns\":[" : "{\"customerAsn\":7,\"providerAsns\":[");
		for (uint32_t i = 0; i < n; i++)
			p += snprintf(p, 16, "%s%u", i ? "," : "", 100000 + i * 2 + k);
		p = stpcpy(p, "]}");
	}
	stpcpy(p, "]}}");
	return text;
}

static void
test_many_providers(void **state)
{
	struct names *names = names_new();
	struct vrp_err err = {0};
	struct slurm *s;
	size_t n;
	char *text;

	(void)state;
	text = providers_text(ASPA_PROVIDERS_MAX, false);
	s = good_slurm(names, text);
	assert_int_equal(vrpset_aspas(slurm_assertions(s), &n)->provider_count, ASPA_PROVIDERS_MAX);
	slurm_free(s);
	free(text);
	text = providers_text(ASPA_PROVIDERS_MAX + 1, false);
	assert_null(slurm_of(names, text, strlen(text), SIZE_MAX, &err));
	assert_string_equal(err.msg, AA "[0].providerAsns[16380]: more than 16380 providers");
	free(text);
	/* Together they are too many. */
	text = providers_text(10000, true);
	assert_null(slurm_of(names, text, strlen(text), SIZE_MAX, &err));
	assert_string_equal(err.msg, "the ASPAs of AS7 have 20000 providers together, more than 16380");
	free(text);
	names_unref(names);
}

static char *
file_text(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 65536);

	assert_case(file && text, "%s", path);
	assert_in_range(fread(text, 1, 65535, file), 1, 65534);
	fclose(file);
	return text;
}

static const char full_v1[] =
	"198.51.100.0/24 24 AS64496 - -\n"
	"203.0.113.0/24 24 AS0 - -\n"
	"2001:db8::/32 48 AS64496 - -\n"
	"router-key AS64498 FB30659ACF04396EA3D80D4277ACE1164B80B5EA "
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYar0PUaP2SJrtP4HUJnjLHW+yBFao+0"
	"2f4jSG2St9wBJg== - -\n";

/* The files of t/data/slurm; cut short anywhere, none of them is taken. */
static void
test_files(void **state)
{
	static const struct { const char *path; size_t filters; const char *more; } files[] = {
		{"t/data/slurm/empty-v1.json", 0, NULL},
		{"t/data/slurm/empty-v2.json", 0, NULL},
		{"t/data/slurm/full-v1.json", 7, ""},
		{"t/data/slurm/full-v2.json", 9, "aspa AS64496 AS64497,AS64498 - -\naspa AS64500 AS0 - -\n"},
	};
	struct names *names = names_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char *text = file_text(files[i].path), want[1024];
		struct vrp_err err;

		snprintf(want, sizeof(want), "%s%s", files[i].more ? full_v1 : "", files[i].more ? files[i].more : "");
		expect(text, files[i].filters, want);
		for (size_t cut = 0; cut + 2 < strlen(text); cut++) {
			assert_case(!slurm_of(names, text, cut, SIZE_MAX, &err), "%s cut after %zu", files[i].path, cut);
			assert_case(err.msg[0] && err.line, "%s cut after %zu", files[i].path, cut);
		}
		free(text);
	}
	names_unref(names);
}

/* Real files of others; NULL: taken. */
static void
test_fixtures(void **state)
{
	static const char no_keys[] = "locallyAddedAssertions: member 'bgpsecAssertions' is missing";
	static const char short_ski[] = BF "[1].SKI: a subject key identifier has 20 bytes, not 3";
	static const struct { const char *name, *msg; size_t filters, assertions; } files[] = {
		{"NICMx_FORT-validator__examples_demo.slurm", NULL, 4, 2},
		{"NLnetLabs_routinator__test_output_000.slurm", NULL, 0, 0},
		{"NLnetLabs_routinator__test_output_000.slurm2", NULL, 0, 0},
		{"NLnetLabs_routinator__test_output_001.slurm2", NULL, 0, 1},
		{"NLnetLabs_routinator__test_output_010.slurm", NULL, 0, 1},
		{"NLnetLabs_routinator__test_output_100.slurm2", NULL, 0, 1},
		{"NLnetLabs_routinator__test_output_111.slurm", NULL, 0, 2},
		{"NLnetLabs_routinator__test_output_111.slurm2", NULL, 0, 3},
		{"NLnetLabs_rpki-rs__test-data_slurm_full.json", NULL, 6, 3},
		{"NLnetLabs_rpki-rs__test-data_slurm_full_v2.json", AF "[0]: unknown member 'customerAsid'", 0, 0},
		{"NLnetLabs_routinator__test_slurm_full.json", short_ski, 0, 0},
		{"RIPE-NCC_rpki-validator-3__rpki-validator_src_test_resources_slurm_slurm1.json", short_ski, 0, 0},
		{"lolepezy_rpki-prover__test_data_slurm1.json", short_ski, 0, 0},
		{"bgp_stayrtr__cmd_stayrtr_test.slurm.json", no_keys, 0, 0},
		{"cloudflare_gortr__cmd_gortr_test.slurm.json", no_keys, 0, 0},
		{"bgp_stayrtr__prefixfile_slurm.json", BF "[1].SKI: base64 with padding: 'XC7RBWu3661vfYmhXZwtUw=='", 0, 0},
	};
	const char *data = getenv("VRP_DATA");
	struct names *names = names_new();
	char path[512];

	(void)state;
	data = data ? data : "../shared/data";
	snprintf(path, sizeof(path), "%s/fixtures/%s", data, files[0].name);
	if (access(path, R_OK) < 0) {
		names_unref(names);
		skip();
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct vrp_err err = {0};
		struct slurm *s;
		char *text;

		snprintf(path, sizeof(path), "%s/fixtures/%s", data, files[i].name);
		text = file_text(path);
		s = slurm_of(names, text, strlen(text), SIZE_MAX, &err);
		assert_case(!s == !!files[i].msg, "%s: %s", path, s ? "taken" : err.msg);
		assert_case(s || strcmp(err.msg, files[i].msg) == 0, "%s: %s", path, err.msg);
		assert_case(!s || (slurm_filter_count(s) == files[i].filters &&
				   vrpset_count(slurm_assertions(s)) == files[i].assertions), "%s", path);
		slurm_free(s);
		free(text);
	}
	names_unref(names);
}

static ssize_t
read_and_fail(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	size_t *left = ctx;

	(void)len;
	if (*left == 0)
		return vrp_err_set(err, "disk on fire");
	--*left;
	memcpy(dst, " ", 1);
	return 1;
}

static void
test_read_error(void **state)
{
	struct names *names = names_new();

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		struct slurm_builder *b = slurm_builder_new(names);
		size_t left = n;
		struct feed_input in = {read_and_fail, &left};
		struct vrp_err err = {0};

		assert_int_equal(slurm_read(b, "x", &in, &err), -1);
		assert_string_equal(err.msg, "disk on fire");
		slurm_builder_free(b);
	}
	slurm_builder_free(NULL);
	slurm_free(NULL);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_aspas),
		cmocka_unit_test(test_key_sizes),
		cmocka_unit_test(test_many_providers),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_read_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
