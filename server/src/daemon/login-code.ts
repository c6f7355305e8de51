import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { CreateLoginCodeResponseSchema } from "@daphnia/protocol/daemon_service";
import { wrongState } from "../base/errors.ts";
import type { LoginCodes } from "./listener/login-codes.ts";

/** Makes a code, and says where a browser goes with it. Refused where no browser could. */
export function createLoginCode({
  codes,
  addresses,
  listen,
}: {
  readonly codes: LoginCodes;
  /** Every address that is served; the socket's is a path. */
  readonly addresses: readonly string[];
  readonly listen: { readonly tcp: boolean; readonly hosts: readonly string[] } | undefined;
}): MessageInitShape<typeof CreateLoginCodeResponseSchema> {
  const served = addresses.filter((address) => !address.includes("/"));
  if (served.length === 0) {
    const why = listen?.tcp
      ? "its TCP port could not be opened, as its log says"
      : "`[listen] tcp` is false in its config, or DAPHNIA_TCP_PORT is off in its environment";
    throw wrongState(`this daemon serves no TCP address, so no browser reaches it: ${why}`);
  }
  const { code, expireTime } = codes.mint();
  const origins = [
    ...served.map((address) => `http://${address}`),
    ...(listen?.hosts ?? []).map((host) => `${isLoopback(host) ? "http" : "https"}://${host}`),
  ];
  return {
    code,
    expireTime: timestampFromDate(expireTime),
    urls: origins.map((origin) => `${origin}/login#code=${code}`),
  };
}

/** True for the other end of a forwarded port; whatever else stands before us does TLS. */
function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}
