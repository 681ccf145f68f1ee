/** The API's ports of the configuration, brought to life: their tokens read, or written for a first time. */

import { dirname, resolve } from "node:path";
import type { ListenerOptions } from "./api/listener.ts";
import { readToken } from "./api/token.ts";
import type { ApiConfig, ApiPortConfig } from "./config-api.ts";

/** What the listener opens beside the socket; a token's file is relative to the configuration's. Throws DoorError. */
export async function apiPorts(
  { tcp, webSocket }: ApiConfig,
  configFile: string,
): Promise<Pick<ListenerOptions, "tcp" | "webSocket">> {
  const tokenOf = ({ tokenFile }: ApiPortConfig) => readToken(resolve(dirname(configFile), tokenFile));
  return {
    ...(tcp && { tcp: { ...tcp, token: await tokenOf(tcp) } }),
    ...(webSocket && { webSocket: { ...webSocket, token: await tokenOf(webSocket) } }),
  };
}
