/*
 * What becomes of a row: a decision by what the ledger knows of it and of its identity. Nothing is
 * changed here, but a record that cannot be read back stops the run.
 */
#include "command/run.h"

uint32_t
fate_first_sent(const struct index *x, uint32_t head)
{
	return index_find(x, head, KINDS_ASSET | KINDS_IN_DOUBT | KINDS_FAILED, 0);
}

/* Whether the asset that is there has to be uploaded again. */
static bool
must_renew(const struct run *r, const struct manifest_row *row, uint32_t record, uint32_t head)
{
	struct index *x = results_index(r->results);
	enum known known = index_known(x, record);
	uint64_t recorded, given;

	if (!known_has_asset(known) || index_is_settled(x, head) ||
	    record != fate_first_sent(x, head))
		return false;
	if (known == KNOWN_REVIEW_FAILED && r->known_mask & 1u << KNOWN_REVIEW_FAILED)
		return true;
	recorded = index_version(x, record);
	given = index_version_of(row->version);
	return recorded != 0 && given != 0 && recorded != given;
}

/*
 * Whether a row's record tells of a renewal that failed, or may have, and the identity's asset is the
 * one that it was to take the place of: that of a later row, which the renewal did not come to.
 */
static bool
is_outdated(struct run *r, uint32_t record, uint32_t asset)
{
	struct record_values own = {.text = {0}}, other = {.text = {0}};
	enum known known = index_known(results_index(r->results), record);
	bool outdated = false;
	struct span id;

	if (asset < record || !((KINDS_FAILED | KINDS_IN_DOUBT) & 1u << known))
		return false;
	if (results_read(r->results, record, &own, &r->fault) < 0 ||
	    results_read(r->results, asset, &other, &r->fault) < 0) {
		run_write_failed(r);
	} else {
		id = own.value[COLUMN_PREVIOUS_ASSET_ID];
		outdated = id.n > 0 && span_equal(id, other.value[COLUMN_ASSET_ID]);
	}
	record_values_free(&own);
	record_values_free(&other);
	return outdated;
}

/*
 * Whether nothing that is recorded keeps a row of no asset from being sent. An identity's first row
 * decides for all, unless it is no row that could be sent; but a doubt about any is one about all.
 */
static bool
may_send(const struct run *r, uint32_t record, uint32_t head)
{
	const struct index *x = results_index(r->results);
	enum known known = index_known(x, head);
	unsigned against = index_kinds(x, head);

	if (known != KNOWN_INVALID)
		against &= KINDS_IN_DOUBT;
	against |= 1u << known | 1u << index_known(x, record);
	return (against & ~(r->known_mask | 1u << KNOWN_INVALID | KINDS_ASSET)) == 0;
}

enum fate
fate_of(struct run *r, const struct manifest_row *row, uint32_t record, uint32_t head)
{
	struct index *x = results_index(r->results);
	bool has_record = index_place(x, record) >= 0, settled = index_is_settled(x, head);
	enum known known = index_known(x, record);
	uint32_t asset;

	if (r->options->new_only && has_record && known != KNOWN_PENDING)
		return FATE_PASSED_OVER;
	if (row->bad)
		return FATE_BAD;
	if (queue_leader(&r->schedule.queue, head))
		return FATE_FOLLOWS;
	if (must_renew(r, row, record, head))
		return FATE_SENT;
	if (settled)
		return FATE_COPIED;
	asset = index_find(x, head, KINDS_ASSET, 0);
	if (asset != INDEX_NONE && !is_outdated(r, record, asset))
		return has_record ? FATE_SKIPPED : FATE_COPIED;
	/* that of another row is nothing against this one, so may_send does not ask */
	if (known == KNOWN_INVALID && !(r->known_mask & 1u << KNOWN_INVALID))
		return FATE_RECORDED;
	if (may_send(r, record, head))
		return FATE_SENT;
	return (KINDS_FAILED | KINDS_IN_DOUBT) & 1u << known ? FATE_RECORDED : FATE_COPIED;
}
