/** The web server of the film community: a SIP-aware site is one whose pages carry a tag. */
import { readFileSync } from "node:fs";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { findFilm, findRoom } from "./films.ts";
import { aboutPage, filmPage, frontPage, missingPage, programmePage } from "./pages.ts";

export interface SiteOptions {
  /** The conference server the pages name, HOST or HOST:PORT. */
  readonly conference: string;
}

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const ASSETS = [
  ["/site.css", "text/css; charset=utf-8", "site.css"],
  ["/programme.js", "text/javascript; charset=utf-8", "programme.js"],
  ["/icon.svg", "image/svg+xml", "icon.svg"],
] as const;

/** Builds the site; it listens to nothing yet. */
export function buildSite({ conference }: SiteOptions): FastifyInstance {
  const site = fastify({ logger: false, bodyLimit: 1024, requestTimeout: 10_000, connectionTimeout: 10_000 });
  site.addHook("onSend", async (_request, reply) => {
    reply.headers(HEADERS);
  });
  addPages(site, conference);
  for (const [path, type, file] of ASSETS) {
    const content = readFileSync(new URL(`./assets/${file}`, import.meta.url));
    site.get(path, (_request, reply) =>
      reply.type(type).header("cache-control", "max-age=300").send(content),
    );
  }
  site.setNotFoundHandler((_request, reply) => page(reply.code(404), missingPage(conference)));
  return site;
}

function addPages(site: FastifyInstance, conference: string): void {
  site.get("/", (_request, reply) => page(reply, frontPage(conference)));
  site.get("/about", (_request, reply) => page(reply, aboutPage(conference)));
  site.get<{ Params: { name: string } }>("/films/:name", ({ params }, reply) => {
    const film = findFilm(params.name);
    return film ? page(reply, filmPage(film, conference)) : reply.callNotFound();
  });
  site.get<{ Params: { name: string } }>("/programme/:name", ({ params }, reply) => {
    const room = findRoom(params.name);
    return room ? page(reply, programmePage(room, conference)) : reply.callNotFound();
  });
}

function page(reply: FastifyReply, text: string): FastifyReply {
  return reply.type("text/html; charset=utf-8").header("cache-control", "no-cache").send(text);
}
