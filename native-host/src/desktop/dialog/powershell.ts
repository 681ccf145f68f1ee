/** The dialog of Windows: Windows Forms by PowerShell, which gets every text as JSON in its environment. */
import { runProgram } from "../run-program.ts";
import { chosen, type Dialog, notShown, rowsOf, sentenceOf } from "./dialog.ts";

const SCRIPT = `
Add-Type -AssemblyName System.Windows.Forms
$ask = $env:PARTYLINE_QUESTION | ConvertFrom-Json
$form = New-Object Windows.Forms.Form -Property @{ Text = 'Partyline'; Width = 460; Height = 320; StartPosition = 'CenterScreen'; TopMost = $true }
$text = New-Object Windows.Forms.Label -Property @{ Text = $ask.sentence; Left = 12; Top = 12; Width = 420; Height = 36 }
$list = New-Object Windows.Forms.ListBox -Property @{ Left = 12; Top = 52; Width = 420; Height = 170 }
foreach ($label in $ask.labels) { [void]$list.Items.Add($label) }
$list.SelectedIndex = 0
$call = New-Object Windows.Forms.Button -Property @{ Text = 'Call'; Left = 252; Top = 236; Width = 85; DialogResult = 'OK' }
$not = New-Object Windows.Forms.Button -Property @{ Text = 'Do not call'; Left = 347; Top = 236; Width = 85; DialogResult = 'Cancel' }
$form.Controls.AddRange(@($text, $list, $call, $not))
$form.AcceptButton = $call
$form.CancelButton = $not
if ($form.ShowDialog() -eq 'OK') { [Console]::Out.Write($list.SelectedIndex) }
`;

export const powershell: Dialog = async (question, signal) => {
  const rows = rowsOf(question);
  const asked = { sentence: sentenceOf(question), labels: rows.map(({ label }) => label) };
  const { code, output } = await runProgram({
    program: "powershell.exe",
    args: ["-NoProfile", "-NonInteractive", "-Sta", "-Command", SCRIPT],
    signal,
    environment: { PARTYLINE_QUESTION: JSON.stringify(asked) },
  });
  if (code !== 0) throw notShown("PowerShell", code);
  return output === "" ? undefined : chosen(rows, String(Number(output) + 1));
};
