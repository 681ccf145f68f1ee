#!/bin/sh
# Makes the prompts anew from the words in words.txt. Needs espeak-ng and sox; README.md says more.
set -eu
cd "$(dirname "$0")"
while IFS='|' read -r name words; do
  espeak-ng -v en-gb -s 165 -p 45 --stdout "$words" |
    sox -t wav - -t raw -r 8000 -c 1 -e mu-law "$name.ulaw" \
      highpass 200 lowpass 3400 norm -5 silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse pad 0.06 0.06
done <words.txt
