import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { Agent, buildConnector, type Dispatcher } from "undici";
import type { AddressPolicy } from "./address.ts";

/** All addresses of a host name. Injected in tests; the system's resolver otherwise. */
export type Resolve = (host: string) => Promise<readonly { address: string; family: 4 | 6 }[]>;

export interface GuardedDispatcherOptions {
  policy: AddressPolicy;
  resolve?: Resolve;
  connectTimeoutMs?: number;
  /** PEM of a private authority, in tests. */
  ca?: string;
}

/**
 * Connects only to addresses the policy allows. The name is resolved once, by us, at the moment of connecting; every
 * address is checked and one of the checked ones is used, so a name that changes its mind in between changes nothing.
 */
export function createGuardedDispatcher(options: GuardedDispatcherOptions): Dispatcher {
  const { policy, resolve = resolveWithSystem } = options;
  const timeout = options.connectTimeoutMs ?? 5_000;

  function connect(target: buildConnector.Options, done: buildConnector.Callback): void {
    const host = target.hostname.replace(/^\[|\]$/g, "");
    const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
    const open = buildConnector({
      timeout,
      allowH2: false,
      lookup: guardedLookup(policy, resolve, port),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
    try {
      // A literal address never reaches the lookup.
      if (isIP(host) !== 0) policy.checkAddress(host, host, port);
    } catch (error) {
      done(error instanceof Error ? error : new Error("refused"), null);
      return;
    }
    open(target, done);
  }

  return new Agent({
    connect,
    allowH2: false,
    connections: 8,
    maxOrigins: 1_000,
    keepAliveTimeout: 1_000,
    keepAliveMaxTimeout: 1_000,
    maxHeaderSize: 32_768,
  });
}

/**
 * The addresses of a name or literal address, each of them allowed by the policy: connect to one of these and to no
 * other. @throws AppError denied, or the resolver's error
 */
export async function findAllowedAddresses(
  host: string,
  port: number,
  { policy, resolve = resolveWithSystem }: Pick<GuardedDispatcherOptions, "policy" | "resolve">,
): Promise<LookupAddress[]> {
  const family = isIP(host);
  const addresses = family === 0 ? await resolve(host) : [{ address: host, family }];
  // One bad address spoils the name: nobody mixes public and private ones in good faith.
  for (const { address } of addresses) policy.checkAddress(address, host.replace(/\.+$/, ""), port);
  if (addresses.length === 0) throw Object.assign(new Error("no address"), { code: "ENOTFOUND" });
  return [...addresses];
}

function guardedLookup(policy: AddressPolicy, resolve: Resolve, port: number): LookupFunction {
  const addressesOf = (host: string): Promise<LookupAddress[]> => findAllowedAddresses(host, port, { policy, resolve });
  const lookup = callbackify(addressesOf);
  return (host, lookupOptions, done) => {
    lookup(host, (error, addresses) => {
      const first = addresses?.[0];
      if (error || !first) done(error, "", 4);
      else if (lookupOptions.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

function resolveWithSystem(host: string): Promise<readonly { address: string; family: 4 | 6 }[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })));
    });
  });
}
