/** Notifications of the desktop, with buttons where it has them. */
import type { Desktop } from "./dialog/choose-dialog.ts";
import { plain } from "./dialog/dialog.ts";
import { runProgram } from "./run-program.ts";

export interface Notification {
  readonly title: string;
  /** A stranger's text, perhaps. */
  readonly text: string;
  /** What the user may answer; the key comes back. */
  readonly actions?: readonly { readonly key: string; readonly label: string }[];
}

/** Shows it; resolves with the key of the button that was pressed, undefined when none was. Aborting takes it away. */
export type Notify = (notification: Notification, signal: AbortSignal) => Promise<string | undefined>;

/** Undefined where nothing can be shown. */
export function notifyOf({ platform, display, has }: Desktop): Notify | undefined {
  if (platform === "darwin") return macNotify;
  if (platform === "win32") return windowsNotify;
  return display && has("notify-send") ? notifySend : undefined;
}

/** libnotify; with actions it stays until one is chosen, and says which. */
const notifySend: Notify = async ({ title, text, actions = [] }, signal) => {
  const buttons = actions.map(({ key, label }) => `--action=${key}=${label}`);
  const args = [
    "--app-name=Partyline",
    ...(buttons.length > 0 ? ["--urgency=critical", "--category=call.incoming", ...buttons] : []),
    "--",
    plain(title),
    markup(plain(text)),
  ];
  const { output } = await runProgram({ program: "notify-send", args, signal });
  return chosenOf(actions, output);
};

const MAC_SCRIPT = `on run arguments
  set {theTitle, theText} to {item 1 of arguments, item 2 of arguments}
  if (count of arguments) is 2 then
    display notification theText with title theTitle
    return ""
  end if
  set theAnswer to display dialog theText with title theTitle buttons items 3 thru -1 of arguments giving up after 60
  return button returned of theAnswer
end run
`;

const macNotify: Notify = async ({ title, text, actions = [] }, signal) => {
  const labels = actions.map(({ label }) => label);
  const args = ["-", plain(title), plain(text), ...labels];
  const { output } = await runProgram({ program: "osascript", args, signal, input: MAC_SCRIPT });
  return actions.find(({ label }) => label === output.trim())?.key;
};

const WINDOWS_SCRIPT = `
Add-Type -AssemblyName System.Windows.Forms
$note = $env:PARTYLINE_NOTE | ConvertFrom-Json
if ($note.actions.Count -eq 0) {
  $icon = New-Object Windows.Forms.NotifyIcon -Property @{ Icon = [Drawing.SystemIcons]::Information; Visible = $true }
  $icon.ShowBalloonTip(8000, $note.title, $note.text, 'Info')
  Start-Sleep -Seconds 8
  $icon.Dispose()
} else {
  $form = New-Object Windows.Forms.Form -Property @{ Text = $note.title; Width = 420; Height = 160; StartPosition = 'CenterScreen'; TopMost = $true }
  $form.Controls.Add((New-Object Windows.Forms.Label -Property @{ Text = $note.text; Left = 12; Top = 12; Width = 380; Height = 44 }))
  $left = 12
  foreach ($action in $note.actions) {
    $button = New-Object Windows.Forms.Button -Property @{ Text = $action.label; Tag = $action.key; Left = $left; Top = 70; Width = 110 }
    $button.Add_Click({ $form.Tag = $this.Tag; $form.Close() })
    $form.Controls.Add($button)
    $left += 120
  }
  [void]$form.ShowDialog()
  [Console]::Out.Write($form.Tag)
}
`;

const windowsNotify: Notify = async ({ title, text, actions = [] }, signal) => {
  const note = JSON.stringify({ title: plain(title), text: plain(text), actions });
  const { output } = await runProgram({
    program: "powershell.exe",
    args: ["-NoProfile", "-NonInteractive", "-Sta", "-Command", WINDOWS_SCRIPT],
    signal,
    environment: { PARTYLINE_NOTE: note },
  });
  return chosenOf(actions, output);
};

function chosenOf(actions: readonly { readonly key: string }[], output: string): string | undefined {
  return actions.find(({ key }) => key === output.trim())?.key;
}

/** The body may be read as markup (Desktop Notifications Specification). */
function markup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
