/** The operators' page: what the control API tells, as it happens, and buttons for what it can do. */

import { Known, MOST_SHOWN } from "./known.js";
import { showConferences, showPeople } from "./roster.js";
import { Api, Refused } from "./stream.js";

const KEY = "partyline-token";
const REDRAW_MS = 200;
const COME_BACK_MS = 2_000;
const HEALTH_MS = 10_000;

const $ = (id) => document.getElementById(id);

const known = new Known();
let api;
let connection = new AbortController();
let drawing = false;
/** Sentences about what is wrong with the server. */
let problems = [];

$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = $("token").value.trim();
  sessionStorage.setItem(KEY, token);
  $("token").value = "";
  void connect(token);
});
$("forget").addEventListener("click", () => signOut("Not connected"));
$("lock").addEventListener("click", () =>
  attempt(async () => {
    const { id, policy } = known.conference;
    known.know(await api.ask("PUT", `/conferences/${id}/lock`, { locked: !policy.locked }));
  }),
);
$("end").addEventListener("click", () =>
  attempt(async () => {
    const { id, title, participants, held } = known.conference;
    const question = held
      ? `End ${title} for all ${participants} in it?`
      : `Forget all that is set up for ${title}?`;
    if (await confirmed(question, $("end").textContent)) await api.ask("DELETE", `/conferences/${id}`);
  }),
);
$("drain").addEventListener("click", () =>
  attempt(async () => {
    const draining = $("drain").getAttribute("aria-pressed") === "true";
    const question = "Begin no conference any more, and end the server when nobody is left?";
    if (draining) await api.ask("DELETE", "/drain");
    else if (await confirmed(question, "Drain")) await api.ask("POST", "/drain", {});
    await lookAtHealth();
  }),
);
$("dial-out").addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(async () => {
    const uri = $("uri").value.trim();
    await api.ask("POST", `/conferences/${known.selected}/dial-out`, { uri });
    say(`Calling ${uri}`);
    $("uri").value = "";
  });
});
$("move").addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(moveChosen);
});
setInterval(() => api && void lookAtHealth().catch(() => undefined), HEALTH_MS);

const kept = sessionStorage.getItem(KEY);
if (kept !== null) void connect(kept);

/** Follows the events, again and again, until the token is wrong or forgotten. */
async function connect(token) {
  connection.abort();
  connection = new AbortController();
  const { signal } = connection;
  api = new Api(token);
  let lastId;
  while (!signal.aborted) {
    lastId = await followed(lastId, signal);
    if (signal.aborted) return;
    $("state").textContent = "Connection lost; trying again";
    await new Promise((resolve) => setTimeout(resolve, COME_BACK_MS));
  }
}

/** Until the stream ends; the id to come back with. */
async function followed(lastId, signal) {
  try {
    return await api.follow(lastId, hear, signal);
  } catch (cause) {
    if (signal.aborted) return lastId;
    if (cause instanceof Refused && cause.status === 401) signOut("Not connected", cause.message);
    else complain(cause);
    return lastId;
  }
}

function signOut(state, why = "") {
  connection.abort();
  api = undefined;
  sessionStorage.removeItem(KEY);
  known.setAll([]);
  select(undefined);
  $("state").textContent = state;
  $("health").textContent = "";
  $("alert").textContent = why;
  for (const id of ["conferences", "names", "news"]) $(id).replaceChildren();
  shown(false);
  $("token").focus();
}

function shown(connected) {
  const begins = connected && !$("sign-in").hidden;
  $("sign-in").hidden = connected;
  for (const id of ["overview", "drain", "forget"]) $(id).hidden = !connected;
  if (begins) $("overview-title").focus();
}

async function readAll() {
  const { items } = await api.list("/conferences", "conferences", 10_000);
  known.setAll(items);
  await readPeople();
  await lookAtHealth();
}

async function readPeople() {
  const id = known.selected;
  if (id === undefined) return;
  const found = await api.list(`/conferences/${id}/participants`, "participants", MOST_SHOWN);
  if (id !== known.selected) return;
  known.setPeople(found);
  draw();
}

async function lookAtHealth() {
  const { problems: found, status } = await api.ask("GET", "/health");
  problems = found;
  draw();
  $("drain").setAttribute("aria-pressed", String(status === "draining"));
}

/** What an event has the page do; what it tells of conferences and people is known by then. */
const DONE = {
  open() {
    $("state").textContent = "Live";
    $("alert").textContent = "";
    shown(true);
    void attempt(readAll);
  },
  reset: () => void attempt(readAll),
  "server-draining": () => void attempt(lookAtHealth),
  "server-resumed": () => void attempt(lookAtHealth),
};

function hear(name, data) {
  const news = known.hear(name, data);
  if (news !== undefined) say(news);
  DONE[name]?.();
  draw();
}

function select(id) {
  known.select(id);
  $("people").replaceChildren();
  draw();
  if (id === undefined) return;
  void attempt(readPeople).then(() => {
    drawPeople();
    $("detail-title").focus();
  });
}

async function act(what, { id, name, conference, muted }) {
  const path = `/conferences/${conference}/participants/${id}`;
  await attempt(async () => {
    if (what === "mute") await api.ask("PUT", `${path}/mute`, { muted: !muted });
    else if (what === "admit") await api.ask("POST", `${path}/admit`);
    else if (await confirmed(`Remove ${name} from ${conference}?`, "Remove")) await api.ask("DELETE", path);
  });
}

async function moveChosen() {
  const participants = [...known.chosen].filter((id) => known.people.has(id));
  if (participants.length === 0) return complain(new Error("Choose somebody first."));
  const { moves } = await api.ask("POST", "/move", { participants, to: $("to").value.trim() });
  const failed = moves.filter(({ moved }) => !moved);
  say(`${moves.length - failed.length} moved`);
  known.chosen.clear();
  if (failed.length > 0) complain(new Error(`${failed.length} stayed: ${failed[0].detail}`));
}

async function attempt(task) {
  try {
    $("alert").textContent = "";
    await task();
  } catch (cause) {
    complain(cause);
  }
  draw();
}

function complain(cause) {
  $("alert").textContent = cause instanceof TypeError ? "The server does not answer." : cause.message;
}

function say(text) {
  $("news").textContent = text;
}

/** Resolves with whether the user said yes, and not at all when the next question was quicker than the end of this one. */
function confirmed(question, yes) {
  const dialog = $("confirm");
  $("question").textContent = question;
  $("yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    // It comes later than the closing: that of the question before is no answer to this one.
    dialog.onclose = () => dialog.open || resolve(dialog.returnValue === "yes");
  });
}

/** Soon, and once for whatever happens until then. */
function draw() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    if (api !== undefined) drawHealth();
    drawConferences();
    drawPeople();
  }, REDRAW_MS);
}

function drawHealth() {
  const held = [...known.conferences.values()].filter((conference) => conference.held);
  const present = held.reduce((sum, { participants, waiting }) => sum + participants + waiting, 0);
  $("health").textContent = [`${held.length} held, ${peopleOf(present)}`, ...problems].join(" · ");
}

function peopleOf(count) {
  return count === 1 ? "1 person" : `${count} people`;
}

function drawConferences() {
  const { conferences, selected } = known;
  const all = [...conferences.values()].sort((one, other) => one.title.localeCompare(other.title));
  showConferences($("conferences"), all, selected, select);
  $("total").textContent = all.length === 1 ? "1 conference" : `${all.length} conferences`;
  $("nobody").hidden = all.length > 0;
  $("names").replaceChildren(...all.filter(({ id }) => id !== selected).map(({ id }) => new Option(id)));
}

function drawPeople() {
  const { conference, people, total, chosen } = known;
  // Whoever was there goes on where the others are.
  if (conference === undefined && $("detail").contains(document.activeElement)) $("overview-title").focus();
  $("detail").hidden = conference === undefined;
  if (conference === undefined) return;
  if ($("detail-title").textContent !== conference.title) $("detail-title").textContent = conference.title;
  $("lock").setAttribute("aria-pressed", String(conference.policy.locked));
  $("end").textContent = conference.held ? "End for all" : "Forget";
  const more = total > people.size ? `, ${people.size} shown` : "";
  $("people-total").textContent = `${peopleOf(total)}${more}`;
  showPeople($("people"), [...people.values()], chosen, act);
}
