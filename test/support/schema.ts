/** Holds every document a service says in tests against the schema, once the file's tests are over. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { formatXml, type XmlElement } from "#xml/strict.ts";
import { API_NAMESPACE } from "../../native-host/src/api/command.ts";

const XMLLINT = "xmllint";
const SCHEMA = fileURLToPath(new URL("../../native-host/api/partyline-1.xsd", import.meta.url));
/** Documents that differ in numbers only are one. */
const MOST_DOCUMENTS = 1000;
const heard = new Map<string, string>();

/** Keeps a document of the service for the end of the tests. */
export function heardFromService(document: XmlElement): void {
  if (heard.size >= MOST_DOCUMENTS) return;
  const text = formatXml({ ...document, namespace: API_NAMESPACE });
  heard.set(text.slice(0, 2000).replace(/[0-9]+/g, "0"), text);
}

/** What xmllint says against these documents, one line each; nothing when they are valid. `schema` is a file. */
export function complaints(documents: readonly string[], schema = SCHEMA): string {
  if (documents.length === 0) return "";
  const folder = mkdtempSync(join(tmpdir(), "partyline-schema-"));
  try {
    const files = documents.map((text, at) => {
      const file = join(folder, `${at}.xml`);
      writeFileSync(file, text);
      return file;
    });
    const { status, stderr, error } = spawnSync(
      XMLLINT,
      ["--noout", "--nonet", "--schema", schema, ...files],
      {
        encoding: "utf8",
      },
    );
    if (error) throw new Error("xmllint is missing; node scripts/setup.mjs brings it.", { cause: error });
    return status === 0 ? "" : explained(stderr, documents);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function explained(stderr: string, documents: readonly string[]): string {
  return stderr
    .split("\n")
    .filter((line) => !/ (?:fails to validate|validates)$/.test(line))
    .map((line) =>
      line.replace(/^.*\/(\d+)\.xml:\d+/, (_all, at) => documents[Number(at)]?.slice(0, 400) ?? ""),
    )
    .join("\n");
}

// Programs that are no tests use the same helpers.
if (process.env["NODE_TEST_CONTEXT"]) after(() => assert.equal(complaints([...heard.values()]), ""));
