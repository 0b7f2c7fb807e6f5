/**
 * Lets many wait for one sync: one runs at a time, and all who come while it runs share the next. The returned function
 * resolves after a sync that began later than its call. A failed sync is final: after it the disk may claim success for
 * what it has lost.
 */
export function createSharedSync(sync: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    if (next) return next;
    const mine = running.then(() => {
      running = mine;
      next = undefined;
      return sync();
    });
    next = mine;
    return mine;
  };
}
