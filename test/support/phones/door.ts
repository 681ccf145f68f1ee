/** A port for action URLs, and requests to it. */

import { once } from "node:events";
import { request } from "node:http";
import { ActionUrls } from "../../../native-host/src/devices/phones/action-urls.ts";

export const HOST = "127.0.0.1";
export const TOKEN = "k7Qm2xVt9pLs4Zr8";

/** A door on any port; `base` is what the phone with this secret is told. */
export async function door(patienceMs?: number) {
  const urls = new ActionUrls({ host: HOST, port: 0, ...(patienceMs !== undefined && { patienceMs }) });
  await urls.listening;
  return { urls, base: `http://${HOST}:${urls.port}/${TOKEN}`, [Symbol.asyncDispose]: () => urls.close() };
}

/** Status of one request. */
export async function ask(url: string, method = "GET", body = ""): Promise<number> {
  const outgoing = request(url, { method });
  outgoing.end(body);
  const [answer] = await once(outgoing, "response");
  answer.resume();
  return answer.statusCode;
}
