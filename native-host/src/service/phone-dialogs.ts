/** What a phone itself says of its calls: the dialog event package, asked once or followed (RFC 4235). */

import type { DialogId } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import { isSipUri, parseUri } from "../sip/uri.ts";
import { parseXml, type XmlElement } from "../xml/strict.ts";
import type { Subscriber } from "./roster.ts";

/** A call of the phone, as the phone sees it, and where its far end is. */
export interface PhoneDialog {
  readonly dialog: DialogId;
  readonly at: SipUri;
}

/** A phone that grants it answers in a moment. */
const ASKED_FOR_MS = 2000;
const MAX_BYTES = 1 << 16;

const PACKAGE = { event: "dialog", accept: "application/dialog-info+xml" } as const;

/** The phone's call with `target`, undefined when it does not say. Never rejects. */
export async function askForDialog(
  subscriber: Subscriber,
  phone: SipUri,
  target: SipUri,
): Promise<PhoneDialog | undefined> {
  const said = Promise.withResolvers<string | undefined>();
  const clock = setTimeout(() => said.resolve(undefined), ASKED_FOR_MS);
  const subscription = subscriber.subscribe(phone, {
    ...PACKAGE,
    expiresS: 0,
    onNotify: ({ content }) => said.resolve(content),
    onEnded: () => said.resolve(undefined),
  });
  const document = await said.promise;
  clearTimeout(clock);
  void subscription.end();
  return document === undefined ? undefined : dialogWith(target, document);
}

/** Calls `onOver` when a call with `target` that the phone has shown is over; a phone that shows none is not waited for. */
export function followDialog(
  subscriber: Subscriber,
  { phone, target, onOver }: { phone: SipUri; target: SipUri; onOver: () => void },
): () => void {
  /** Ids of the dialogs with the target. */
  const shown = new Set<string>();
  const subscription = subscriber.subscribe(phone, {
    ...PACKAGE,
    onNotify: ({ content }) => {
      const before = shown.size;
      update(shown, target, content);
      if (before > 0 && shown.size === 0) onOver();
    },
    onEnded: () => undefined,
  });
  return () => void subscription.end();
}

/** A full document is all there is, a partial one what changed (§4.3). */
function update(shown: Set<string>, target: SipUri, document: string): void {
  const root = parsed(document);
  if (root?.name !== "dialog-info") return;
  if (root.attributes["state"] === "full") shown.clear();
  for (const element of root.children.filter(({ name }) => name === "dialog")) {
    const id = element.attributes["id"] ?? "";
    const over = child(element, "state")?.text.trim() === "terminated";
    if (over) shown.delete(id);
    else if (namesOf(element).some((name) => isSame(name, target))) shown.add(id);
  }
}

/** The confirmed dialog of the document that is with `target`; the only one if none is named so. */
export function dialogWith(target: SipUri, document: string): PhoneDialog | undefined {
  const dialogs = confirmedDialogs(document);
  const [first, ...others] = dialogs.filter(({ names }) => names.some((name) => isSame(name, target)));
  const found = first ?? (dialogs.length === 1 ? dialogs[0] : undefined);
  if (!found || others.length > 0) return undefined;
  return { dialog: found.dialog, at: found.contact ?? target };
}

interface Confirmed {
  readonly dialog: DialogId;
  /** Identity and target of the far end. */
  readonly names: readonly string[];
  readonly contact: SipUri | undefined;
}

function confirmedDialogs(document: string): Confirmed[] {
  const root = parsed(document);
  if (root?.name !== "dialog-info") return [];
  return root.children.filter(({ name }) => name === "dialog").flatMap(readDialog);
}

function readDialog(element: XmlElement): Confirmed[] {
  const { "call-id": callId, "local-tag": localTag, "remote-tag": remoteTag } = element.attributes;
  const confirmed = child(element, "state")?.text.trim() === "confirmed";
  if (!confirmed || !callId || !localTag || !remoteTag) return [];
  if (![callId, localTag, remoteTag].every((text) => /^[^\s;,<>"]{1,256}$/.test(text))) return [];
  const contact = contactOf(element);
  const reachable = contact !== undefined && isSipUri(contact) && parseUri(contact) ? contact : undefined;
  return [{ dialog: { callId, localTag, remoteTag }, names: namesOf(element), contact: reachable }];
}

/** What the phone calls the far end. */
function namesOf(element: XmlElement): string[] {
  const identity = child(child(element, "remote"), "identity")?.text.trim();
  return [identity, contactOf(element)].filter((name) => name !== undefined);
}

function contactOf(element: XmlElement): string | undefined {
  return child(child(element, "remote"), "target")?.attributes["uri"];
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

/** The same user at the same host, whatever port and parameters say. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [parseUri(one), parseUri(other)];
  if (!first || !second) return false;
  return first.user === second.user && first.host.toLowerCase() === second.host.toLowerCase();
}

function parsed(text: string): XmlElement | undefined {
  try {
    return parseXml(text, { maxBytes: MAX_BYTES, maxDepth: 16, maxAttributes: 1024 });
  } catch {
    return undefined;
  }
}
