/** Which conference belongs to a page, and the tag that says so (docs/page-tag.md). */
import { type Html, html } from "./html.ts";

/** A page's conference: the user part of its address, and what people call it. */
export interface PageConference {
  readonly room: string;
  readonly title: string;
  /** Content systems that let authors write only meta elements use the other form. */
  readonly form?: "link" | "meta";
}

/** The tag for the head of a page; `server` is HOST or HOST:PORT. */
export function conferenceTag({ room, title, form = "link" }: PageConference, server: string): Html {
  const uri = conferenceUri(room, server);
  if (form === "meta") return html`<meta name="conference" content="${uri}">`;
  return html`<link rel="conference" href="${uri}" title="${title}" data-features="audio">`;
}

export function conferenceUri(room: string, server: string): string {
  return `sip:${room}@${server}`;
}
