/* SPDX-License-Identifier: MIT
 *
 * Closes connections step by step on a timer. Knows neither the reason for the
 * end nor the successor.
 */
#include "relay/process/drain.h"

/* Interval between steps: each closes the due connections and checks whether
 * any are left. */
#define STEP_MS 20

/* The number of the initial connections that must be closed by now. */
static size_t due(const struct drain *drain, int64_t elapsed_ms)
{
	if (elapsed_ms >= drain->conf.spread_ms)
		return SIZE_MAX;
	return drain->to_close * (size_t)elapsed_ms /
	       (size_t)drain->conf.spread_ms;
}

static void on_step(struct loop_timer *timer)
{
	struct drain *drain = container_of(timer, struct drain, timer);
	int64_t elapsed_ms = loop_now_ms(drain->loop) - drain->from_ms;

	drain->closed += conn_set_close(drain->conns, drain->conf.cause,
					due(drain, elapsed_ms) - drain->closed);
	if ((conn_set_count(drain->conns) == 0 && drain->is_idle(drain->ctx)) ||
	    elapsed_ms >= drain->conf.spread_ms + drain->conf.patience_ms)
		loop_stop(drain->loop);
	else
		loop_set_timer(drain->loop, timer, STEP_MS, on_step);
}

void drain_start(struct drain *drain, struct loop *loop, struct conn_set *conns,
		 const struct drain_conf *conf, bool (*is_idle)(void *ctx),
		 void *ctx)
{
	drain->loop = loop;
	drain->conns = conns;
	drain->conf = *conf;
	drain->from_ms = loop_now_ms(loop);
	drain->to_close = conn_set_count(conns);
	drain->closed = 0;
	drain->is_idle = is_idle;
	drain->ctx = ctx;
	on_step(&drain->timer);
}
