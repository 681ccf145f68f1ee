/** Holds every document that the conference server says in tests against RFC 4575's schema and ours, once they are over. */
import assert from "node:assert/strict";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { complaints } from "./schema.ts";

const SCHEMA = fileURLToPath(new URL("../schemas/conference-events.xsd", import.meta.url));
/** So many files are one command line. */
const MOST_DOCUMENTS = 1000;
const heard = new Set<string>();

/** Keeps a document of a NOTIFY for the end of the tests; says it again. */
export function heardFromFocus(document: string): string {
  if (heard.size < MOST_DOCUMENTS) heard.add(document);
  return document;
}

/** What xmllint says against these documents; nothing when they are valid. */
export function eventComplaints(documents: readonly string[]): string {
  return complaints(documents, SCHEMA);
}

// Programs that are no tests use the same helpers.
if (process.env["NODE_TEST_CONTEXT"]) after(() => assert.equal(eventComplaints([...heard]), ""));
