// SPDX-License-Identifier: MIT
//
// Closes the hole between what the log holds and what the socket delivers.

import { StartOver } from './http.js';

export const FIRST_PAGE = 50;
export const PAGE = 200;

/**
 * Requests pages until the log holds everything up to the channel's head as of
 * the last answer, or up to base, if that is known.
 *
 *   get     sends GET /messages with these parameters; rejects as http.js
 *   log     receives the messages
 *   base    the head when the subscription began; everything above is pushed
 *   epoch   the epoch that base belongs to
 *   pause   pause(attempt, error) waits before the next try
 *   isOver  true when the result is no longer awaited
 *   onPage  is called after each page
 */
export async function catchUp(
  { get, log, base, epoch, pause, isOver, onPage }) {
  if (epoch !== undefined && log.epoch !== undefined && log.epoch !== epoch) {
    log.reset();
  }
  for (let attempt = 0, more = true; more && !isOver();) {
    try {
      more = await askOnce({ get, log, base, epoch, isOver });
      if (isOver()) return;
      attempt = 0;
      onPage();
    } catch (error) {
      if (isOver()) return;
      if (error instanceof StartOver) log.reset();
      await pause(attempt, error);
      attempt += 1;
    }
  }
}

// One page. True if there is another.
async function askOnce({ get, log, base, epoch, isOver }) {
  if (!log.isLoaded) {
    const page = await get({ limit: FIRST_PAGE });
    if (!isOver()) log.addNewest(page);
    return log.cursor < base;
  }
  if (log.cursor === base) return false;
  // A range closed at base is the same for every client that reconnects now, so
  // caches may answer it. A base below the cursor is no range; the plain
  // request then shows whether the ids are still the same.
  const until = base > log.cursor ? base : undefined;
  const page = await get({
    after_id: log.cursor,
    until_id: until,
    epoch: epoch ?? log.epoch,
    limit: PAGE,
  });
  if (isOver()) return false;
  if (isOther(page.epoch, log.epoch)) throw new StartOver('another epoch');
  return log.addAfter(page, until);
}

function isOther(epoch, known) {
  return epoch !== undefined && known !== undefined && epoch !== known;
}

/** One page of older messages. */
export async function loadOlder({ get, log, isOver }) {
  const page = await get(
    { before_id: log.floor, epoch: log.epoch, limit: FIRST_PAGE });
  if (!isOver()) log.addBefore(page);
}
