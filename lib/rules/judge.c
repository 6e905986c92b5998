/*
 * Findings: what a look means under a policy at an instant. One table, one row a rule, in the order
 * of the words; the rules are in expiry.c, trusting.c and reaching.c. Called by the keeper for each
 * look and by the command line for what it probed itself.
 */
#include "lib/rules/judge.h"

#include "lib/base/str.h"
#include "lib/base/text.h"
#include "lib/rules/rule.h"

/* files, cas: the rule also holds for a certificate in a file, and there for one of a CA, which
 * no host serves (contract 2). */
static const struct {
	enum finding_kind kind;
	bool files, cas;
	rule_fn *find;
} rules[] = {
	{FINDING_EXPIRED, true, true, rule_expired},
	{FINDING_EXPIRING, true, true, rule_expiring},
	{FINDING_NOT_YET_VALID, true, false, rule_not_yet_valid},
	{FINDING_NAME_MISMATCH, false, false, rule_name_mismatch},
	{FINDING_UNTRUSTED, false, false, rule_untrusted},
	{FINDING_SELF_SIGNED, false, false, rule_self_signed},
	{FINDING_INCOMPLETE_CHAIN, false, false, rule_incomplete_chain},
	{FINDING_MIXED_ENDPOINTS, false, false, rule_mixed_endpoints},
	{FINDING_CHANGED, true, false, rule_changed},
	{FINDING_UNREACHABLE, false, false, rule_unreachable},
	{FINDING_BAD_CERTIFICATE, true, true, rule_bad_certificate},
	{FINDING_FILE_ERROR, true, true, rule_file_error},
	{FINDING_NEVER_SEEN, false, false, rule_never_seen},
};

_Static_assert(ARRAY_LEN(rules) == FINDING_COUNT, "a rule for each kind");

static bool is_ca_file(const struct judge_input *input)
{
	return input->target->protocol == PROTOCOL_FILE && input->look->len > 0 &&
	       input->look->endpoints[0].has_cert && input->look->endpoints[0].cert.is_ca;
}

/* What a certificate says comes as UTF-8; an error sentence may quote anything. */
static void text_valid(struct finding *finding)
{
	struct buf valid;

	if (text_is_utf8(finding->text, strlen(finding->text)))
		return;
	buf_init(&valid, 4 * FINDING_TEXT_MAX);
	text_utf8(&valid, finding->text, strlen(finding->text));
	finding->text[0] = 0;
	say(finding, "%s", buf_text(&valid));
	buf_finish(&valid);
}

void judge(const struct judge_input *input, struct findings *out)
{
	bool file = input->target->protocol == PROTOCOL_FILE, ca = is_ca_file(input);

	out->len = 0;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct finding *finding = &out->list[out->len];
		enum severity severity = policy_severity(&input->target->policy, rules[i].kind);

		if ((file && !rules[i].files) || (ca && !rules[i].cas))
			continue;
		finding_init(finding, rules[i].kind, severity);
		if (severity == SEVERITY_OFF || !rules[i].find(input, finding) ||
		    finding->severity == SEVERITY_OFF)
			continue;
		text_valid(finding);
		out->len++;
	}
}
