/** The pages of the film community. */
import { conferenceTag, conferenceUri, type PageConference } from "./conference-tag.ts";
import { FILMS, type Film, findFilm, ROOMS, type Room } from "./films.ts";
import { type Html, html } from "./html.ts";
import { poster } from "./poster.ts";

interface Page {
  readonly title: string;
  readonly path: string;
  readonly conference?: PageConference;
  readonly script?: boolean;
  readonly body: Html;
}

const NAVIGATION = [
  ["/", "Films"],
  ["/programme/foyer", "Tonight"],
  ["/about", "About"],
] as const;

function layout({ title, path, conference, script, body }: Page, server: string): string {
  const current = (href: string) => href.split("/")[1] === path.split("/")[1];
  const links = NAVIGATION.map(
    ([href, words]) =>
      html`<a href="${href}"${current(href) ? html` aria-current="page"` : undefined}>${words}</a>`,
  );
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Second Reel</title>
${conference && conferenceTag(conference, server)}
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/site.css">
${script ? html`<script src="/programme.js" defer></script>` : undefined}
</head>
<body>
<header class="top"><a class="brand" href="/">Second Reel</a><nav aria-label="Site">${links}</nav></header>
<main>${body}</main>
<footer>Second Reel is a demonstration: the films are made up, the conferences are real.</footer>
</body>
</html>
`;
  return page.html;
}

export function frontPage(server: string): string {
  const cards = FILMS.map(
    (film) => html`<li><a class="card" href="/films/${film.name}">${poster(film)}
<strong>${film.title}</strong><span class="soft">${film.director}, ${film.year}</span></a></li>`,
  );
  const body = html`<section class="lead"><h1>Old films, good company</h1>
<p>Every film here has a room. Open its page and you can talk with whoever is reading it, too.</p></section>
<ul class="grid">${cards}</ul>`;
  return layout(
    {
      title: "Films",
      path: "/",
      conference: { room: "film-lobby", title: "The lobby of Second Reel" },
      body,
    },
    server,
  );
}

export function filmPage(film: Film, server: string): string {
  const next = film.next.flatMap((name) => findFilm(name) ?? []);
  const links = next.map(
    (other) => html`<li><a href="/films/${other.name}">${other.title} (${other.year})</a></li>`,
  );
  const body = html`<article class="film">${poster(film)}
<div><h1>${film.title}</h1><p class="soft">${film.director}, ${film.year}, ${film.minutes} minutes</p>
<p class="line">${film.line}</p>${film.about.map((text) => html`<p>${text}</p>`)}
<h2>Watch next</h2><ul>${links}</ul></div></article>`;
  const conference = { room: `film-${film.name}`, title: film.title, form: formOf(film) };
  return layout({ title: film.title, path: `/films/${film.name}`, conference, body }, server);
}

// One page of the site uses the form for content systems that allow only meta elements.
function formOf({ name }: Film): "link" | "meta" {
  return name === "nine-quiet-floors" ? "meta" : "link";
}

export function aboutPage(server: string): string {
  const body = html`<article class="text"><h1>About Second Reel</h1>
<p>We are a small circle of people who like films that were forgotten, and who like to talk while the lights are on.</p>
<p>This page has no conference: nobody hears you here. <a href="/">Go back to the films</a> to join one.</p></article>`;
  return layout({ title: "About", path: "/about", body }, server);
}

/** One page for all rooms: its script moves between them by pushState and changes the tag in the head. */
export function programmePage(current: Room, server: string): string {
  const tabs = ROOMS.map(
    (room) =>
      html`<a href="/programme/${room.name}" data-room="${room.name}"${
        room === current ? html` aria-current="true"` : undefined
      }>${room.title}</a>`,
  );
  const rooms = ROOMS.map(
    (room) =>
      html`<section class="room" id="room-${room.name}" data-conference="${conferenceUri(roomOf(room), server)}" data-title="${room.title}"${
        room === current ? undefined : html` hidden`
      }><p class="soft">${room.when}</p><h2>${room.title}</h2><p>${room.text}</p></section>`,
  );
  const body = html`<h1>Tonight</h1><p>Move between the rooms: this page stays, only the conversation changes.</p>
<nav class="tabs" aria-label="Rooms">${tabs}</nav>${rooms}`;
  const conference = { room: roomOf(current), title: current.title };
  return layout(
    { title: current.title, path: `/programme/${current.name}`, conference, script: true, body },
    server,
  );
}

function roomOf({ name }: Room): string {
  return `film-${name}`;
}

export function missingPage(server: string): string {
  const body = html`<article class="text"><h1>Nothing is shown here</h1><p><a href="/">To the films</a></p></article>`;
  return layout({ title: "Not found", path: "/missing", body }, server);
}
