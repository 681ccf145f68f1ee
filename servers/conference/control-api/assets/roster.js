/** The two tables of the page: each row stays the same element while what it shows changes, so that focus stays, too. */

/** @param {string} tag */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Brings the rows of a table body in line with `items`; `make` makes a row, `show` brings it up to date. */
function sync(body, items, make, show) {
  const known = new Map([...body.children].map((row) => [row.dataset.key, row]));
  let at = body.firstElementChild;
  for (const item of items) {
    const row = known.get(item.id) ?? make(item);
    row.dataset.key = item.id;
    known.delete(item.id);
    if (row === at) at = at.nextElementSibling;
    else body.insertBefore(row, at);
    show(row, item);
  }
  for (const row of known.values()) row.remove();
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function showConferences(body, conferences, selected, onSelect) {
  const make = ({ id }) => {
    const open = element("button", { type: "button", onclick: () => onSelect(id) });
    const name = element("th", { scope: "row" }, open);
    return element("tr", {}, name, element("td", { className: "number" }), element("td"));
  };
  sync(body, conferences, make, (row, conference) => {
    const [name, people, state] = row.children;
    const [open] = name.children;
    write(open, conference.title);
    open.setAttribute("aria-current", String(conference.id === selected));
    write(people, String(conference.participants));
    write(state, wordsOf(conference).join(", ") || "open");
  });
}

function wordsOf({ held, calling, waiting, policy }) {
  const secret = policy.pinRequired || policy.tokens > 0;
  const words = [
    [!held, "set up"],
    [calling > 0, `calling ${calling}`],
    [waiting > 0, `${waiting} waiting`],
    [policy.locked, "locked"],
    [policy.lobby, "lobby"],
    [secret, "protected"],
  ];
  return words.filter(([is]) => is).map(([, word]) => word);
}

const STATES = {
  connected: "in",
  "muted-via-focus": "muted by the conference",
  "on-hold": "on hold",
  pending: "waits to be let in",
};

/** `act(what, participant)` does what a button says. */
export function showPeople(body, people, chosen, act) {
  sync(body, people, (one) => personRow(one, chosen, act), showPerson);
}

function personRow({ id }, chosen, act) {
  const row = element("tr");
  const current = () => row.participant;
  const choose = element("input", { type: "checkbox", checked: chosen.has(id) });
  choose.onchange = () => (choose.checked ? chosen.add(id) : chosen.delete(id));
  const button = (what) => element("button", { type: "button", onclick: () => act(what, current()) });
  const actions = element("td", { className: "actions" }, button("mute"), button("admit"), button("remove"));
  const name = element("td", {}, element("span"), element("small"));
  const since = element("td", { className: "since" });
  row.append(element("td", {}, choose), name, element("td"), since, actions);
  return row;
}

function showPerson(row, participant) {
  const { name, uri, status, media, talking, hand, moderator, muted, joined } = participant;
  row.participant = participant;
  const [choice, who, state, since, actions] = row.children;
  const [mute, admit, remove] = actions.children;
  choice.firstElementChild.setAttribute("aria-label", `Choose ${name}`);
  write(who.firstElementChild, name);
  write(who.lastElementChild, uri);
  const words = [
    talking ? "talking" : (STATES[status] ?? status),
    ...(media === "recvonly" && !muted ? ["muted"] : []),
    ...(hand ? ["hand raised"] : []),
    ...(moderator ? ["moderator"] : []),
  ];
  write(state, words.join(", "));
  state.classList.toggle("talking", talking);
  write(since, new Date(joined).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  mute.hidden = status === "pending";
  write(mute, "Mute");
  mute.setAttribute("aria-pressed", String(muted));
  mute.setAttribute("aria-label", `Mute ${name}`);
  admit.hidden = status !== "pending";
  write(admit, "Let in");
  admit.setAttribute("aria-label", `Let ${name} in`);
  write(remove, "Remove");
  remove.setAttribute("aria-label", `Remove ${name}`);
}
