import type { Dispatcher } from "undici";
import { createAddressPolicy } from "./address.ts";
import { exchange, redirectTarget, type Answer, type ExchangeOptions } from "./exchange.ts";
import { createGuardedDispatcher } from "./guarded-dispatcher.ts";
import type { Prepared } from "./prepare.ts";

export const maxRedirects = 3;

/** Follows redirects of a service's API, e.g. to the storage that holds a log file. */
export interface Follower {
  follow(request: Prepared, redirects: number, options: ExchangeOptions): Promise<Answer>;
  close(): Promise<void>;
}

export function createFollower(allowPrivate: readonly string[] = []): Follower {
  const policy = createAddressPolicy({ allowPrivate });
  let guarded: Dispatcher | undefined;

  return {
    async follow(request, redirects, options) {
      const { origin } = request.url;
      let current = request;
      for (let hops = 0; ; hops++) {
        const isHome = current.url.origin === origin;
        if (!isHome) guarded ??= createGuardedDispatcher({ policy });
        const dispatcher = isHome || !guarded ? options.dispatcher : guarded;
        const answer = await exchange(current, { ...options, dispatcher });
        const target = redirectTarget(answer);
        if (target === undefined || hops >= Math.min(redirects, maxRedirects) || request.body !== undefined)
          return answer;
        const next = new URL(target);
        if (current.url.protocol === "https:" && next.protocol === "http:") return answer;
        // Before the check, which may throw: a long body that nobody reads would hold its socket.
        answer.body.on("error", () => undefined).destroy();
        // Once abroad, a hop back home goes without the credential too: the way was chosen by a stranger.
        if (!isHome || next.origin !== origin) policy.checkUrl(target);
        current = next.origin === origin && isHome ? { ...current, url: next } : stripped(current, next);
      }
    },
    async close() {
      await guarded?.destroy();
    },
  };
}

function stripped(request: Prepared, url: URL): Prepared {
  const { accept = "*/*", "accept-encoding": encoding = "identity", "user-agent": agent = "sophia" } = request.headers;
  return {
    url,
    method: request.method,
    body: undefined,
    headers: { accept, "accept-encoding": encoding, "user-agent": agent },
  };
}
