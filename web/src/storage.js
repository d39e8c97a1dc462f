// SPDX-License-Identifier: MIT
//
// A browser may refuse its storage, by throwing even on the first access. The
// page then works as long as it is open.

export function safeStorage(open) {
  const memory = new Map();
  return {
    getItem(key) {
      try {
        return open().getItem(key);
      } catch {
        return memory.get(key) ?? null;
      }
    },
    setItem(key, value) {
      memory.set(key, value);
      try {
        open().setItem(key, value);
      } catch { /* memory has it */ }
    },
  };
}
