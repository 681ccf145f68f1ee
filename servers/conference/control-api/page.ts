/** The operators' page: its files, which anybody may have, for what they show comes with the token only. */

import { readFileSync } from "node:fs";
import type { Route } from "./route.ts";

const FILES = [
  ["/", "text/html; charset=utf-8", "operator.html", "showPage"],
  ["/operator.css", "text/css; charset=utf-8", "operator.css", "showStyle"],
  ["/known.js", "text/javascript; charset=utf-8", "known.js", "showKnownScript"],
  ["/operator.js", "text/javascript; charset=utf-8", "operator.js", "showScript"],
  ["/roster.js", "text/javascript; charset=utf-8", "roster.js", "showRosterScript"],
  ["/stream.js", "text/javascript; charset=utf-8", "stream.js", "showStreamScript"],
] as const;

export const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

export function pages(): Route[] {
  return FILES.map(([path, type, file, operation]) => {
    const content = readFileSync(new URL(`./assets/${file}`, import.meta.url), "utf8");
    return {
      method: "GET",
      path,
      operation,
      summary: path === "/" ? "The operators' page" : "A part of the operators' page",
      open: true,
      answers: { 200: { description: "A file.", schema: { type: "string" }, type } },
      handle: () => ({ status: 200, body: content }),
    };
  });
}
