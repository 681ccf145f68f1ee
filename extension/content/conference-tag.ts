/** Reads a page's conference tag (docs/page-tag.md); nothing else of the page is looked at. */
import { readConferenceUri } from "../conference-uri.ts";
import { label } from "../label.ts";
import type { Tag } from "../messages.ts";

/** The part of an element this file needs, so that a test can write its own. */
export interface HeadElement {
  readonly localName: string;
  getAttribute(name: string): string | null;
}

const FEATURES = new Set(["audio", "chat", "moderator"]);
const TITLE_LENGTH = 128;

/** The tag among a head's `link` and `meta` elements in tree order; `none` wins over all, links go before meta. */
export function readTag(elements: Iterable<HeadElement>): Tag | undefined {
  const links: HeadElement[] = [];
  const metas: HeadElement[] = [];
  for (const element of elements) {
    if (isConferenceLink(element)) links.push(element);
    if (isConferenceMeta(element)) metas.push(element);
  }
  if (metas.some((meta) => content(meta).toLowerCase() === "none")) return undefined;
  return first(links, fromLink) ?? first(metas, fromMeta);
}

function first(elements: HeadElement[], read: (element: HeadElement) => Tag | undefined): Tag | undefined {
  for (const element of elements) {
    const tag = read(element);
    if (tag) return tag;
  }
  return undefined;
}

function isConferenceLink(element: HeadElement): boolean {
  if (element.localName !== "link") return false;
  return tokens(element.getAttribute("rel")).includes("conference");
}

function isConferenceMeta(element: HeadElement): boolean {
  return element.localName === "meta" && element.getAttribute("name")?.trim().toLowerCase() === "conference";
}

function fromLink(link: HeadElement): Tag | undefined {
  const address = readConferenceUri(link.getAttribute("href"));
  if (!address) return undefined;
  const title = label(link.getAttribute("title"), TITLE_LENGTH);
  const features = tokens(link.getAttribute("data-features")).filter((token) => FEATURES.has(token));
  return { uri: address.uri, ...(title && { title }), features };
}

function fromMeta(meta: HeadElement): Tag | undefined {
  const address = readConferenceUri(content(meta));
  return address && { uri: address.uri, features: [] };
}

function content(meta: HeadElement): string {
  return meta.getAttribute("content")?.trim() ?? "";
}

function tokens(list: string | null): string[] {
  return (list ?? "").toLowerCase().split(/\s+/).filter(Boolean).slice(0, 32);
}
