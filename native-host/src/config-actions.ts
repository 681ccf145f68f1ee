/** Reactions of the configuration: when something happens, show, send or run (docs/plug-ins.md). */

import { filled } from "./actions/actions.ts";
import { WHEN, type When } from "./actions/occasions.ts";
import { readRequest } from "./api/xml.ts";
import { compact, type Section } from "./config-section.ts";

export interface ActionConfig {
  readonly when: When;
  /** Patterns with `*`: only for this caller or member, only in this call or conference. */
  readonly who?: string;
  readonly where?: string;
  /** A notification with this text. */
  readonly notify?: string;
  /** A document of the XML API. */
  readonly send?: string;
  /** A function of a plug-in. */
  readonly run?: { readonly plugin: string; readonly function: string };
}

/** Throws ConfigError. */
export function readAction(action: Section): ActionConfig {
  const named = action.text("when");
  const when = WHEN.find((known) => known === named);
  if (when === undefined) throw action.mistake("when", `must be one of ${WHEN.join(", ")}`);
  const about = compact({ who: action.text("who"), where: action.text("where") });
  const run = action.optional("run");
  const todo = compact({
    notify: action.text("notify"),
    send: action.document("send"),
    run: run && { plugin: run.id("plugin"), function: run.id("function") },
  });
  run?.end();
  action.end();
  if (Object.keys(todo).length === 0)
    throw action.mistake("notify", "is missing; so are send and run: one must be there");
  if (todo.send !== undefined) checkDocument(action, todo.send);
  return { when, ...about, ...todo };
}

function checkDocument(action: Section, document: string): void {
  const example = { when: "", who: "sip:alice@example.com", where: "sip:room@example.com" };
  const incoming = readRequest(filled(document, example));
  if ("refusal" in incoming) throw action.mistake("send", `is no command: ${incoming.refusal.message}`);
}
