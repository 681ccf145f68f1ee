/** A page's tag, as its content script tells of it. */
import { readConferenceUri } from "../conference-uri.ts";
import { label } from "../label.ts";
import type { Tag } from "../messages.ts";

/** The page's script is ours, but runs beside the page's: its word is checked again. */
export function checkedTag(body: unknown): Tag | undefined {
  const { uri, title, features } = body as Partial<Record<keyof Tag, unknown>>;
  const address = readConferenceUri(uri);
  if (!address) return undefined;
  const words = Array.isArray(features)
    ? features.filter((word) => typeof word === "string").slice(0, 8)
    : [];
  const text = label(title, 128);
  return { uri: address.uri, ...(text && { title: text }), features: words };
}
