/** INFO packages: which ones each end of a call takes, and the INFOs themselves (RFC 6086). */
import type { Core } from "./core.ts";
import { type Body, mediaType } from "./header-values.ts";
import type { LegHandlers } from "./leg.ts";
import { type SipHeaders, type SipMessage, type SipRequest, textHeader } from "./message.ts";
import type { ServerTransaction } from "./stack.ts";

/** Recv-Info of ours, for INVITE, UPDATE, PRACK and their 2xx; nothing for an owner that takes no packages. */
export function recvInfo({ infoPackages }: LegHandlers = {}): Partial<SipHeaders> {
  return infoPackages === undefined ? {} : { "recv-info": infoPackages.join(", ") };
}

/** The packages a peer takes, as its message says; `undefined` when it says nothing new (RFC 6086 §5.2.3). */
export function packagesOf(message: SipMessage): ReadonlySet<string> | undefined {
  const text = textHeader(message, "recv-info");
  if (text === undefined) return undefined;
  const names = text.split(",").map((name) => (name.split(";")[0] ?? "").trim());
  return new Set(names.filter((name) => name !== "" && name.toLowerCase() !== "nil"));
}

/** The headers of an INFO of this package; its body belongs to the package (RFC 6086 §4.2.1). */
export function infoHeaders(name: string, body: Body | undefined): Partial<SipHeaders> {
  return { "info-package": name, ...(body && { "content-disposition": "Info-Package" }) };
}

/** Gives an INFO of a package to its owner; false for one without a package, as phones sent them before RFC 6086. */
export function receiveInfo(
  core: Core,
  transaction: ServerTransaction,
  { infoPackages = [], onInfo }: LegHandlers,
): boolean {
  const { request } = transaction;
  const name = packageOf(request);
  if (name === undefined) return false;
  if (!infoPackages.includes(name)) {
    core.respond(transaction, 469, { headers: recvInfo({ infoPackages }) });
    return true;
  }
  try {
    const body = request.content === "" ? undefined : { type: mediaType(request), content: request.content };
    onInfo?.(name, body);
    core.respond(transaction, 200);
  } catch (error) {
    core.respond(transaction, core.statusOf(error));
  }
  return true;
}

function packageOf(request: SipRequest): string | undefined {
  return textHeader(request, "info-package")?.split(";")[0]?.trim();
}
