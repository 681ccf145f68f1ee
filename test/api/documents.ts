/** The API's examples as data: each valid document, and those that must be refused. */
import { readFileSync } from "node:fs";
import { parseXml } from "#xml/strict.ts";

/** Lines of a file beside this one that are not empty. */
function lines(name: string): string[] {
  return readFileSync(new URL(name, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

/** Documents that must be refused, one a line. */
export const badDocuments: readonly string[] = lines("bad.xml.txt");

/** Valid documents; the one of Tunnel runs over several lines, one of them empty. */
export const validDocuments: readonly string[] = wholeDocuments(
  readFileSync(new URL("examples.xml.txt", import.meta.url), "utf8").split("\n"),
);

function wholeDocuments(parts: readonly string[]): string[] {
  const documents: string[] = [];
  let begun = "";
  for (const part of parts) {
    begun += begun === "" ? part : `\n${part}`;
    if (begun !== "" && readable(begun)) {
      documents.push(begun);
      begun = "";
    }
  }
  if (begun !== "") throw new Error(`not a document: ${begun}`);
  return documents;
}

function readable(text: string): boolean {
  try {
    parseXml(text);
    return true;
  } catch {
    return false;
  }
}
