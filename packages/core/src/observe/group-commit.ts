/** Lets many wait for one sync. A failed sync is final: after it the disk may claim success for what it has lost. */
export interface GroupCommit {
  /** Resolves after a sync that began later than this call. */
  commit(): Promise<void>;
}

/** One sync runs at a time; all who come while it runs share the next one. */
export function createGroupCommit(sync: () => Promise<void>): GroupCommit {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return {
    commit() {
      if (next) return next;
      const mine = running.then(() => {
        running = mine;
        next = undefined;
        return sync();
      });
      next = mine;
      return mine;
    },
  };
}
