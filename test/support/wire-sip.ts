/** SIP as text, for the wire: which addresses a message names, and the same message with others in their place. */

interface Address {
  readonly address: string;
  readonly port: number;
}

/** What is counted of a message: the method of a request, or the status and method of a response. */
export interface SipMark {
  readonly method: string;
  /** Undefined for a request. */
  readonly status: number | undefined;
  readonly callId: string;
  /** A request within a dialog: To has a tag. */
  readonly inDialog: boolean;
}

const LITERAL = /(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})/g;

export function sipMarkOf(packet: Buffer): SipMark {
  const { head } = split(packet);
  const [first = ""] = head.split("\r\n");
  const status = /^SIP\/2\.0 (\d{3})/.exec(first)?.[1];
  const method = status ? (header(head, "cseq")?.split(/\s+/)[1] ?? "") : (first.split(" ")[0] ?? "");
  return {
    method,
    status: status ? Number(status) : undefined,
    callId: header(head, "call-id", "i") ?? "",
    inDialog: /;\s*tag=/i.test(header(head, "to", "t") ?? ""),
  };
}

/** Where an SDP body wants its media: `c=` with the port of each `m=` line (a `c=` of its own wins over the session's). */
export function mediaAddressesIn(packet: Buffer): Address[] {
  const { head, body } = split(packet);
  if (!isSdp(head)) return [];
  return mediaLines(body).map(({ address, port }) => ({ address, port }));
}

/** The message with every `address:port` of `names` replaced, SDP media too, and Content-Length right again. */
export function rewriteSip(packet: Buffer, names: ReadonlyMap<string, Address>): Buffer {
  const { head, body } = split(packet);
  const newBody = isSdp(head) ? rewriteSdp(body, names) : rewriteLiterals(body, names);
  const lines = head.split("\r\n").map((line) => rewriteLine(line, names, newBody));
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${newBody}`, "utf8");
}

function rewriteLine(line: string, names: ReadonlyMap<string, Address>, body: string): string {
  if (/^(via|v|call-id|i)\s*:/i.test(line)) return line;
  if (/^(content-length|l)\s*:/i.test(line)) return `Content-Length: ${Buffer.byteLength(body)}`;
  return rewriteLiterals(line, names);
}

function rewriteLiterals(text: string, names: ReadonlyMap<string, Address>): string {
  return text.replace(LITERAL, (literal) => {
    const other = names.get(literal);
    return other ? `${other.address}:${other.port}` : literal;
  });
}

function rewriteSdp(body: string, names: ReadonlyMap<string, Address>): string {
  const ports = mediaLines(body);
  let next = 0;
  return body
    .split("\r\n")
    .map((line) => {
      if (!line.startsWith("m=")) return line.replace(/^c=IN IP4 .*/, "c=IN IP4 127.0.0.1");
      const media = ports.find(({ index }) => index === next);
      next++;
      const other = media && names.get(`${media.address}:${media.port}`);
      return other ? line.replace(/^(m=\w+) \d+/, `$1 ${other.port}`) : line;
    })
    .join("\r\n");
}

/** The m-lines of an SDP that have a port, each with its number in the body. */
function mediaLines(body: string): { index: number; address: string; port: number }[] {
  const [session = "", ...media] = body.split(/^(?=m=)/m);
  const common = connection(session);
  return media
    .map((part, index) => ({
      index,
      address: connection(part) ?? common ?? "",
      port: Number(/^m=\w+ (\d+)/.exec(part)?.[1] ?? 0),
    }))
    .filter(({ address, port }) => port > 0 && address !== "" && address !== "0.0.0.0");
}

function connection(part: string): string | undefined {
  return /^c=IN IP4 (\S+)/m.exec(part)?.[1];
}

function isSdp(head: string): boolean {
  return /^application\/sdp/i.test(header(head, "content-type", "c") ?? "");
}

function split(packet: Buffer): { head: string; body: string } {
  const text = packet.toString("utf8");
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? { head: text, body: "" } : { head: text.slice(0, end), body: text.slice(end + 4) };
}

function header(head: string, ...names: string[]): string | undefined {
  const line = head
    .split("\r\n")
    .find((text) => names.includes(text.split(":")[0]?.trim().toLowerCase() ?? ""));
  return line?.slice(line.indexOf(":") + 1).trim();
}
