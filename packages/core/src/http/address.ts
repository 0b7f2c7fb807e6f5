import { BlockList, isIP } from "node:net";
import { AppError } from "../errors/app-error.ts";

/** Decides which addresses a URL of unknown origin may lead to. */
export interface AddressPolicy {
  /** Parses and checks the text of a URL. Throws AppError. */
  checkUrl(text: string): URL;
  /** Checks an IP address about to be connected to; `host` is the name it was resolved from. Throws AppError. */
  checkAddress(address: string, host: string, port: number): void;
}

export interface AddressPolicyOptions {
  /** The user's own exceptions: `10.0.0.0/8`, `192.168.1.5`, `localhost:3000`, `[::1]:3000`. Without a port, all ports. */
  allowPrivate?: readonly string[];
  /** The setting that `allowPrivate` comes from, named to whoever is refused. */
  allowPrivateSetting?: string;
  /** Ports of our own servers, refused on every address, allowed or not: the machine may be reachable under a public one. */
  ownPorts?: readonly number[];
}

// IANA special-purpose address registries (RFC 6890 and successors), multicast, and Azure's public wire server.
const closedIpv4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
// Only 2000::/3 is global; inside it, what tunnels IPv4 (6to4, Teredo) or is reserved. NAT64, mapped, local: outside.
const openIpv6 = "2000::/3";
const closedIpv6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const closedNames = /^(localhost|metadata|instance-data|broadcasthost|ip6-[a-z]+)$/;
const closedSuffixes = /\.(localhost|localdomain|local|internal|intranet|lan|home\.arpa)$|^metadata\.|^instance-data\./;
const maxUrlLength = 8_192;

export function createAddressPolicy(options: AddressPolicyOptions = {}): AddressPolicy {
  const closed = blockList([...closedIpv4, ...closedIpv6]);
  const global6 = blockList([openIpv6]);
  const { ranges, places } = parseExceptions(options.allowPrivate ?? []);
  const ownPorts = new Set(options.ownPorts ?? []);
  const privateHint = hintFor(options.allowPrivateSetting);

  function isPlace(host: string, port: number): boolean {
    return places.has(host) || places.has(`${host}:${port}`);
  }

  function refuseOwnPort(port: number): void {
    if (!ownPorts.has(port)) return;
    throw refused("It leads to one of Sophia's own ports.", "They are never fetched, whatever is allowed.");
  }

  function isException(address: string, host: string, port: number): boolean {
    return isPlace(host, port) || isPlace(address, port) || (isIP(address) !== 0 && contains(ranges, address));
  }

  function checkAddress(address: string, host: string, port: number): void {
    refuseOwnPort(port);
    if (isException(address, host, port)) return;
    const isPublic = isIP(address) === 4 || (isIP(address) === 6 && contains(global6, address));
    if (!isPublic || contains(closed, address))
      throw refused("It leads to a private or reserved address.", privateHint);
  }

  function checkUrl(text: string): URL {
    // The parser silently drops tabs and line breaks; what was checked must be what was written.
    // oxlint-disable-next-line no-control-regex
    if (text.length > maxUrlLength || /[\x00-\x20\x7f\\]/.test(text) || !URL.canParse(text)) {
      throw new AppError("invalid_input", "This is not a usable web address.", { hint: "Give a full http(s) URL." });
    }
    const url = new URL(text);
    if (url.protocol !== "http:" && url.protocol !== "https:")
      throw refused("Only http and https are fetched.", "Give an http(s) URL.");
    if (url.username !== "" || url.password !== "")
      throw refused("It carries a user name or password.", "Leave them out.");
    const host = bareHost(url);
    const port = portOf(url);
    if (isIP(host) !== 0) {
      checkAddress(host, host, port);
      return url;
    }
    refuseOwnPort(port);
    if (isPlace(host, port)) return url;
    if (closedNames.test(host) || closedSuffixes.test(host) || host === "") {
      throw refused("It names an internal host.", privateHint);
    }
    return url;
  }

  return { checkUrl, checkAddress };
}

/** Without brackets and the trailing dot that makes a name look different and resolve the same. */
export function bareHost(url: { hostname: string }): string {
  return url.hostname.replace(/^\[|\]$/g, "").replace(/\.+$/, "");
}

export function portOf(url: { protocol: string; port: string }): number {
  return Number(url.port || (url.protocol === "https:" ? 443 : 80));
}

function hintFor(setting: string | undefined): string {
  if (setting === undefined) return "Only public web addresses are fetched.";
  return (
    `Only public web addresses are fetched; the owner of this server may allow others in ${setting}: ` +
    "host:port opens one port, a host or range without a port all but Sophia's own."
  );
}

function refused(reason: string, hint: string): AppError {
  return new AppError("denied", `This address is not fetched. ${reason}`, { hint });
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return list;
}

function addRange(list: BlockList, range: string): boolean {
  const [address = "", bits] = range.split("/");
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 4 ? "ipv4" : "ipv6";
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
  return true;
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function parseExceptions(entries: readonly string[]): { ranges: BlockList; places: Set<string> } {
  const ranges = new BlockList();
  const places = new Set<string>();
  for (const entry of entries) {
    if (addRange(ranges, entry.trim())) continue;
    const url = URL.canParse(`http://${entry.trim()}`) ? new URL(`http://${entry.trim()}`) : undefined;
    if (!url || url.pathname !== "/") {
      throw new AppError("invalid_input", `"${entry}" is neither an address, a range nor host:port.`);
    }
    // Not `url.port`, which is empty for an 80 that was written.
    places.add(/:\d+$/.test(entry.trim()) ? `${bareHost(url)}:${portOf(url)}` : bareHost(url));
  }
  return { ranges, places };
}
