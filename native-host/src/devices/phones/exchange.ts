/** One HTTP request to a phone and its answer, bounded in time and size; nothing is followed or sent twice here. */

import { type IncomingMessage, request } from "node:http";
import { ServiceError } from "../../errors.ts";
import type { PhoneAnswer } from "./dialect.ts";
import type { Filled } from "./fill.ts";
import { openPhoneSocket, type PhoneAddress } from "./phone-socket.ts";

const ANSWER_MS = 10_000;
const MOST_BODY_BYTES = 64 * 1024;
const MOST_HEADER_BYTES = 16 * 1024;

export interface ExchangeOptions extends PhoneAddress {
  readonly answerMs?: number;
}

/** Throws ServiceError `device-offline`, `device-refused` for what is no HTTP, or `cancelled`. */
export async function exchange(
  { method, path, type, body = "" }: Filled,
  headers: Readonly<Record<string, string>>,
  { phone, signal }: { readonly phone: ExchangeOptions; readonly signal: AbortSignal },
): Promise<PhoneAnswer> {
  const { id, url, answerMs = ANSWER_MS } = phone;
  const socket = await openPhoneSocket(phone, signal);
  const { promise, resolve, reject } = Promise.withResolvers<PhoneAnswer>();
  const late = setTimeout(() => reject(new ServiceError("device-offline", [id])), answerMs);
  const cancelled = () => reject(new ServiceError("cancelled", []));
  signal.addEventListener("abort", cancelled, { once: true });
  if (signal.aborted) cancelled();
  const broken = (cause: Error) => reject(asRefusal(id, cause));
  const outgoing = request({
    createConnection: () => socket,
    method,
    path,
    maxHeaderSize: MOST_HEADER_BYTES,
    setHost: false,
    headers: {
      host: url.host,
      ...(type !== undefined && { "content-type": type }),
      ...(method === "POST" && { "content-length": Buffer.byteLength(body) }),
      ...headers,
    },
  });
  outgoing.on("error", broken);
  outgoing.on("response", (answer) => void readAnswer(answer, id).then(resolve, reject));
  outgoing.end(body);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", cancelled);
    outgoing.destroy();
    socket.destroy();
  }
}

async function readAnswer(answer: IncomingMessage, id: string): Promise<PhoneAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      // Without an encoding the chunks are Buffers.
      const part = chunk as Buffer;
      bytes += part.length;
      if (bytes > MOST_BODY_BYTES) throw new ServiceError("device-refused", [id, "its answer is too long"]);
      chunks.push(part);
    }
  } catch (cause) {
    throw asRefusal(id, cause);
  }
  const body = Buffer.concat(chunks).toString("utf8");
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
}

/** A connection that breaks is a phone that is gone; what cannot be read is no answer. */
function asRefusal(id: string, cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code.startsWith("HPE_")) {
    return new ServiceError("device-refused", [id, 'its answer cannot be read; is "url" its web server?'], {
      cause,
    });
  }
  return new ServiceError("device-offline", [id], { cause });
}
