import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";

/**
 * Why an address is not one of the public internet, in words that follow "is";
 * undefined where it is. What is no address at all is closed too.
 */
export function whyClosed(address: string): string | undefined {
  const family = isIP(address);
  if (family === 0) return "no address";
  // Only an address of one link has a zone.
  if (address.includes("%")) return "link-local";
  const known =
    family === 4
      ? nameOf(ranges().ipv4, address, "ipv4")
      : (nameOf(ranges().ipv6, address, "ipv6") ?? whyNotGlobal(address));
  return known ?? (isOwn(address) ? "an address of this machine itself" : undefined);
}

/** What nobody gave a use to yet is not the internet either. */
function whyNotGlobal(address: string): string | undefined {
  return ranges().global.check(address, "ipv6") ? undefined : "reserved";
}

/** A service that listens everywhere answers at a public address of its machine as well. */
function isOwn(address: string): boolean {
  const own = new BlockList();
  for (const one of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    own.addAddress(one.address, one.family === "IPv6" ? "ipv6" : "ipv4");
  }
  return own.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

interface Range {
  readonly why: string;
  readonly list: BlockList;
}

function nameOf(
  ranges: readonly Range[],
  address: string,
  family: "ipv4" | "ipv6",
): string | undefined {
  return ranges.find(({ list }) => list.check(address, family))?.why;
}

// One list for each family: in a list of both, a range of mapped addresses holds every IPv4 address.
let made: ReturnType<typeof makeRanges> | undefined;

function ranges(): ReturnType<typeof makeRanges> {
  made ??= makeRanges();
  return made;
}

function makeRanges() {
  const global = new BlockList();
  global.addSubnet("2000::", 3, "ipv6");
  return {
    ipv4: closedIpv4.map((line) => rangeOf(line, "ipv4")),
    ipv6: closedIpv6.map((line) => rangeOf(line, "ipv6")),
    global,
  };
}

function rangeOf([network, bits, why]: Line, family: "ipv4" | "ipv6"): Range {
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return { why, list };
}

type Line = readonly [network: string, bits: number, why: string];

const closedIpv4: readonly Line[] = [
  ["0.0.0.0", 8, "unspecified: this machine"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "private to a carrier (CGNAT)"],
  ["127.0.0.0", 8, "loopback"],
  ["168.63.129.16", 32, "a cloud's metadata service"],
  ["169.254.0.0", 16, "link-local, where clouds serve metadata"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved for protocols"],
  ["192.0.2.0", 24, "for documentation only"],
  ["192.88.99.0", 24, "a 6to4 relay"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "for benchmarks only"],
  ["198.51.100.0", 24, "for documentation only"],
  ["203.0.113.0", 24, "for documentation only"],
  ["224.0.0.0", 4, "multicast"],
  ["255.255.255.255", 32, "broadcast"],
  ["240.0.0.0", 4, "reserved"],
];

/** The most exact first: the first that fits names the reason. Those with an IPv4 address inside lead to it. */
const closedIpv6: readonly Line[] = [
  ["::", 128, "unspecified: this machine"],
  ["::1", 128, "loopback"],
  ["::ffff:0:0", 96, "an IPv4 address in IPv6 (v4-mapped)"],
  ["::ffff:0:0:0", 96, "an IPv4 address in IPv6 (v4-translated)"],
  ["::", 96, "an IPv4 address in IPv6 (v4-compatible)"],
  ["64:ff9b::", 96, "an IPv4 address in IPv6 (NAT64)"],
  ["64:ff9b:1::", 48, "an IPv4 address in IPv6 (local NAT64)"],
  ["100::", 64, "for discarding only"],
  ["2001::", 32, "an IPv4 address in IPv6 (Teredo)"],
  ["2001::", 23, "reserved for protocols"],
  ["2001:db8::", 32, "for documentation only"],
  ["2002::", 16, "an IPv4 address in IPv6 (6to4)"],
  ["3fff::", 20, "for documentation only"],
  ["5f00::", 16, "for segment routing only"],
  ["fc00::", 7, "private (unique local)"],
  ["fe80::", 10, "link-local"],
  ["fec0::", 10, "private (site-local)"],
  ["ff00::", 8, "multicast"],
];
