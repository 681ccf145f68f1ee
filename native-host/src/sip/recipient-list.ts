/** A list of people in the body of a request, for a service that does the same for each (RFC 5363, RFC 4826 §3). */
import { el, formatXml, parseXml, type XmlElement } from "#xml/strict.ts";
import type { Body } from "./header-values.ts";
import type { SipMessage } from "./message.ts";
import { type BodyPart, partsOf } from "./multipart.ts";

export interface Recipient {
  /** As written: perhaps with `;method=` (RFC 5368 §6). */
  readonly uri: string;
  readonly name?: string;
}

/** Disposition of such a list, and option tags of those who take one in an INVITE (RFC 5366) or a REFER (RFC 5368). */
export const RECIPIENT_LIST = "recipient-list";
export const RECIPIENT_LIST_INVITE = "recipient-list-invite";
export const MULTIPLE_REFER = "multiple-refer";

const RESOURCE_LISTS = "application/resource-lists+xml";
const NAMESPACE = "urn:ietf:params:xml:ns:resource-lists";
const MAX_BYTES = 65_536;

export function formatRecipients(recipients: readonly Recipient[]): BodyPart {
  const entries = recipients.map(({ uri, name }) =>
    el("entry", { uri }, name === undefined ? [] : [el("display-name", {}, [name])]),
  );
  const root = el("resource-lists", { xmlns: NAMESPACE }, [el("list", {}, entries)]);
  const content = `<?xml version="1.0" encoding="UTF-8"?>\n${formatXml(root)}`;
  return { type: RESOURCE_LISTS, disposition: RECIPIENT_LIST, content };
}

/** The people a request lists; undefined when it lists nobody, or so that it cannot be read. */
export function recipientsIn(message: SipMessage): readonly Recipient[] | undefined {
  const list = partsOf(message)?.find(isRecipientList);
  return list && readList(list);
}

/** Also when nobody says what the list is for: a list has no other use here. */
export function isRecipientList({ type, disposition }: BodyPart): boolean {
  return type === RESOURCE_LISTS && (disposition === RECIPIENT_LIST || disposition === "");
}

function readList({ content }: Body): readonly Recipient[] | undefined {
  try {
    const root = parseXml(content, { maxBytes: MAX_BYTES, maxDepth: 8, maxAttributes: 1024 });
    if (root.name !== "resource-lists" || root.namespace !== NAMESPACE) return undefined;
    const entries = root.children.filter(({ name }) => name === "list").flatMap(entriesOf);
    return entries.length > 0 ? entries : undefined;
  } catch {
    return undefined;
  }
}

function entriesOf({ children }: XmlElement): Recipient[] {
  return children.flatMap((child) => {
    if (child.name === "list") return entriesOf(child);
    const { uri } = child.attributes;
    if (child.name !== "entry" || uri === undefined) return [];
    const name = child.children.find((one) => one.name === "display-name")?.text.trim();
    return [{ uri, ...(name && { name }) }];
  });
}
