/** Bodies of several parts: a session description, and beside it a list of people (RFC 2046 §5.1, RFC 5621 §3). */
import { type Body, mediaType, parseParameters, token } from "./header-values.ts";
import { type Sdp, type SipMessage, textHeader } from "./message.ts";

export interface BodyPart extends Body {
  /** Content-Disposition, "" when the part does not say; of a part that was read in lower case, without parameters. */
  readonly disposition: string;
}

/** More parts than any message of ours has; a body that has more is not read. */
const MOST_PARTS = 8;

/** A boundary of RFC 2046 §5.1.1. */
const BOUNDARY = /^[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]$/;

/** Writes the parts as multipart/mixed, in their order; one by itself is the body. */
export function formatParts(parts: readonly BodyPart[]): Body | undefined {
  const [first, ...others] = parts;
  if (!first || others.length === 0) return first && { type: first.type, content: first.content };
  const boundary = parts.some(({ content }) => content.includes("--part")) ? `part-${token()}` : "part";
  const written = parts.map(({ type, disposition, content }) => {
    const how = disposition === "" ? "" : `Content-Disposition: ${disposition}\r\n`;
    return `--${boundary}\r\nContent-Type: ${type}\r\n${how}\r\n${content}\r\n`;
  });
  return {
    type: `multipart/mixed;boundary="${boundary}"`,
    content: `${written.join("")}--${boundary}--\r\n`,
  };
}

/** A session description with what goes along with it; undefined when there is nothing to say. */
export function describing(sdp: Sdp | undefined, parts: readonly BodyPart[] = []): Body | undefined {
  // Its disposition is `session` unless it says another (RFC 3261 §20.11).
  const session = { type: "application/sdp", disposition: "", content: sdp ?? "" };
  return formatParts(session.content === "" ? parts : [session, ...parts]);
}

/** The parts of a body, one of one kind being its own part; undefined when it cannot be taken apart. */
export function partsOf(message: SipMessage): readonly BodyPart[] | undefined {
  const type = mediaType(message);
  if (type === "") return [];
  if (!type.startsWith("multipart/"))
    return [{ type, disposition: dispositionOf(message), content: message.content }];
  const { params } = parseParameters(textHeader(message, "content-type") ?? "");
  const boundary = params.get("boundary");
  return boundary !== undefined && BOUNDARY.test(boundary) ? split(message.content, boundary) : undefined;
}

function dispositionOf(message: SipMessage): string {
  return parseParameters(textHeader(message, "content-disposition") ?? "").value.toLowerCase();
}

/** What stands between two delimiters is a part; what stands before the first and after the last is nothing. */
function split(content: string, boundary: string): readonly BodyPart[] | undefined {
  const [, ...pieces] = `\r\n${content}`.split(`\r\n--${boundary}`);
  const last = pieces.pop();
  if (last === undefined || !last.startsWith("--") || pieces.length > MOST_PARTS) return undefined;
  const parts = pieces.map(readPart);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

/** Spaces after the delimiter, header fields, an empty line, the content. */
function readPart(piece: string): BodyPart | undefined {
  const start = piece.indexOf("\r\n");
  const end = piece.indexOf("\r\n\r\n", start);
  if (start < 0 || end < 0 || piece.slice(0, start).trim() !== "") return undefined;
  const fields = new Map<string, string>();
  for (const line of piece.slice(start + 2, end).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const value = (name: string) => parseParameters(fields.get(name) ?? "").value.toLowerCase();
  return {
    type: value("content-type") || "text/plain",
    disposition: value("content-disposition"),
    content: piece.slice(end + 4),
  };
}
