/** Browsers in a sandbox of Snap or Flatpak: they start no program of the user's, unless they are let. */
import { join } from "node:path";
import { exists } from "./changes.ts";

interface Sandboxed {
  /** Below the home directory; there when the browser has run. */
  readonly folder: string;
  readonly words: string;
}

const flatpak = (name: string, id: string): Sandboxed => ({
  folder: join(".var", "app", id),
  words: `${name} from Flatpak cannot start programs outside its sandbox; use the browser of your distribution, or let it: flatpak override --user --talk-name=org.freedesktop.Flatpak ${id}`,
});

const SANDBOXED: readonly Sandboxed[] = [
  {
    folder: join("snap", "chromium"),
    words:
      "Chromium from Snap starts no native host; use the browser of your distribution (apt, dnf) or Google Chrome.",
  },
  {
    folder: join("snap", "firefox"),
    words:
      "Firefox from Snap asks once whether Partyline may be started; allow it, or run: snap connect firefox:native-messaging",
  },
  flatpak("Chromium", "org.chromium.Chromium"),
  flatpak("Chrome", "com.google.Chrome"),
  flatpak("Brave", "com.brave.Browser"),
  flatpak("Edge", "com.microsoft.Edge"),
  flatpak("Firefox", "org.mozilla.firefox"),
];

/** One sentence for each that is there, with what to do. */
export async function sandboxedBrowsers(home: string): Promise<readonly string[]> {
  const there = await Promise.all(SANDBOXED.map(({ folder }) => exists(join(home, folder))));
  return SANDBOXED.filter((_one, at) => there[at]).map(({ words }) => words);
}
