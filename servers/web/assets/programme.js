/** Moves between the rooms of the programme page without loading another page. */

const tabs = document.querySelectorAll("a[data-room]");

/** @param {string} name the room to show; an unknown one changes nothing */
function enter(name) {
  const room = document.getElementById(`room-${name}`);
  if (!room) return;
  for (const other of document.querySelectorAll(".room")) other.hidden = other !== room;
  for (const tab of tabs) {
    if (tab.dataset.room === name) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  const tag = document.head.querySelector('link[rel="conference"]');
  tag?.setAttribute("href", room.dataset.conference);
  tag?.setAttribute("title", room.dataset.title);
  document.title = `${room.dataset.title} – Second Reel`;
}

for (const tab of tabs) {
  tab.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (tab.getAttribute("aria-current")) return;
    history.pushState(null, "", tab.href);
    enter(tab.dataset.room);
  });
}

addEventListener("popstate", () => enter(location.pathname.split("/").pop() ?? ""));
