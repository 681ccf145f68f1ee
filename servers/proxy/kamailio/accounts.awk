# Kamailio's table of passwords from a users file of `partyline passwd`: awk -f accounts.awk users > db/ha1
# With -v hash=SHA-256 for a site that has WITH_SHA256.
BEGIN {
	FS = ":"
	if (hash == "") hash = "MD5"
	print "id(int,auto) key_name(string) key_type(int) value_type(int) key_value(string) expires(int)"
}
/^#/ || /^[ \t\r]*$/ { next }
{
	sub(/[ \t\r]+$/, "")
	ha1 = ""
	for (i = 3; i <= NF; i++) {
		if ($i ~ "^" hash "=") ha1 = substr($i, length(hash) + 2)
		else if ($i !~ /=/ && hash == "MD5") ha1 = $i
	}
	if (ha1 != "") print ++id ":" $1 "@" $2 ":0:0:" ha1 ":0"
	else print "accounts.awk: line " NR " has no " hash "." > "/dev/stderr"
}
