/** What the user allowed, per site; the only judge of "may this page join me". */
import type { Choice, Question, Trust } from "../messages.ts";

/** What is kept for a site: how to join there, and the name to show ("" means to be a guest). */
export interface Site {
  readonly choice: Choice;
  readonly name: string;
}

export type Sites = Readonly<Record<string, Site>>;

export interface Case {
  readonly origin: string;
  readonly uri: string;
  readonly trust: Trust;
  readonly site: Site | undefined;
  /** A permission for this one page. */
  readonly granted: { readonly origin: string; readonly uri: string; readonly muted: boolean } | null;
  /** The name the user generally goes by. */
  readonly identity: string;
}

export type Verdict =
  | { readonly name: "join"; readonly muted: boolean; readonly display: string }
  | { readonly name: "ask"; readonly question: Question }
  | { readonly name: "never" };

/** A page can only offer: nothing is joined without the site's permission, and other people's servers always ask. */
export function judge({ origin, uri, trust, site, granted, identity }: Case): Verdict {
  if (trust === "refused" || site?.choice === "never") return { name: "never" };
  const name = site?.name ?? identity;
  if (granted && granted.origin === origin && granted.uri === uri) {
    return { name: "join", muted: granted.muted, display: name };
  }
  const ask = (reason: Question["reason"], choice: Choice): Verdict => ({
    name: "ask",
    question: { reason, choice, name },
  });
  if (!site) return ask("new-site", "muted");
  if (site.choice === "ask") return ask("asked-to-ask", "ask");
  if (trust === "elsewhere") return ask("elsewhere", site.choice);
  return { name: "join", muted: site.choice === "muted", display: name };
}
