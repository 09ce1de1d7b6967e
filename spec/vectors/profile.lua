-- Shared files and the result of reading them. `config` and `credentials` are the contents (absent: no such file).
-- Expected: `profiles`, merged from both files, `sso_sessions` and `services` (default {}), all by name; or the `error`,
-- which names the file "config" or "credentials". Source: AWS SDKs and Tools Reference Guide, "Shared config and
-- credentials files". Where the guide is silent, the expectations follow the AWS SDKs.

local OWNERLESS = "an indented line goes on with a property, and there is none above"
local PROPERTY = "'[section]' or 'name = value' expected"
local BLOCK = "'name = value' expected in an indented block"
local SECTION = "'[section]' expected before the first property"
local NAME = "a name expected before '='"
local TITLE = "']' expected at the end of a section's title"

return {
  -- empty files
  { "no files", profiles = {} },
  { "empty files", config = "", credentials = "", profiles = {} },
  { "blank lines only", config = "\n \t\n\r\n\n", profiles = {} },
  { "comments only", config = "# a\n; b\n  # c\n", credentials = "#", profiles = {} },
  { "an empty profile", config = "[profile dev]", profiles = { dev = {} } },
  { "empty profiles", config = "[profile dev]\n[profile test]\n", profiles = { dev = {}, test = {} } },

  -- section headers
  { "a prefix in the config file, none in the credentials file", config = "[profile dev]\nregion = r",
    credentials = "[test]\nregion = s", profiles = { dev = { region = "r" }, test = { region = "s" } } },
  { "no prefix in the config file", config = "[dev]\nregion = r\n[profile test]", profiles = { test = {} } },
  { "a prefix in the credentials file", credentials = "[profile dev]\nregion = r\n[test]", profiles = { test = {} } },
  { "a prefix that runs into the name", config = "[profiledev]\nregion = r\n[profile test]", profiles = { test = {} } },
  { "a prefix in capitals", config = "[Profile dev]\nregion = r\n[PROFILE test]", profiles = {} },
  { "a prefix without a name", config = "[profile]\nregion = r\n[profile ]\nregion = s", profiles = {} },
  { "no title", config = "[]\nregion = r\n[ \t]\nregion = s\n[profile dev]", profiles = { dev = {} } },
  { "the default profile", config = "[default]\nregion = r", profiles = { default = { region = "r" } } },
  { "the default profile with the prefix", config = "[profile default]\nregion = r", profiles = { default = { region = "r" } } },
  { "both defaults, the prefix first", config = "[profile default]\nregion = r\n[default]\nregion = s\noutput = json",
    profiles = { default = { region = "r" } } },
  { "both defaults, the prefix last", config = "[default]\nregion = s\noutput = json\n[profile default]\nregion = r",
    profiles = { default = { region = "r" } } },
  { "both defaults, the prefix on both sides", config = "[profile default]\na = 1\n[default]\nb = 2\n[profile default]\nc = 3",
    profiles = { default = { a = "1", c = "3" } } },
  { "both defaults, and the credentials file's", config = "[default]\na = 1\n[profile default]\nb = 2", credentials = "[default]\nc = 3",
    profiles = { default = { b = "2", c = "3" } } },
  { "a default of another case", config = "[Default]\nregion = r", profiles = {} },
  { "names of either case", config = "[profile Dev]\na = 1\n[profile dev]\nb = 2", profiles = { Dev = { a = "1" }, dev = { b = "2" } } },
  { "blanks within the brackets", config = "[  \tprofile dev\t ]\na = 1", credentials = "[ \ttest ]\nb = 2",
    profiles = { dev = { a = "1" }, test = { b = "2" } } },
  { "a tab behind the prefix", config = "[profile\tdev]\na = 1", profiles = { dev = { a = "1" } } },
  { "many blanks behind the prefix", config = "[profile \t  dev]\na = 1", profiles = { dev = { a = "1" } } },
  { "blanks behind the brackets", config = "[profile dev] \t\na = 1", profiles = { dev = { a = "1" } } },
  { "quotes around a name", config = "[profile \"dev\"]\na = 1\n[profile 'test']\nb = 2\n[profile dev]\nc = 3",
    profiles = { dev = { a = "1", c = "3" }, test = { b = "2" } } },
  { "every sign of a name", config = "[profile aZ09-_./%@:+]\na = 1", credentials = "[+:@%/._-90Za]\nb = 2",
    profiles = { ["aZ09-_./%@:+"] = { a = "1" }, ["+:@%/._-90Za"] = { b = "2" } } },
  { "names with blanks", config = "[profile my dev]\na = 1\n[profile test]\nb = 2", credentials = "[my dev]\na = 1",
    profiles = { test = { b = "2" } } },
  { "names with other signs", config = "[profile a!b]\na = 1\n[profile a*]\n[profile \"a]\n[profile a]]\n[profile \195\164]",
    credentials = "[a,b]\na = 1\n[a=b]", profiles = {} },
  { "what stands in a section that does not count has to be right", config = "[dev]\nregion", error = "config:2: " .. PROPERTY },
  { "other sections", config = "[plugins]\ncli = x\n[preview]\ncloudfront = true\n[profile dev]\na = 1",
    profiles = { dev = { a = "1" } } },

  -- properties
  { "a property", config = "[profile dev]\nregion = eu-west-1", profiles = { dev = { region = "eu-west-1" } } },
  { "several properties", config = "[profile dev]\na = 1\nb = 2\n\nc = 3\n", profiles = { dev = { a = "1", b = "2", c = "3" } } },
  { "several sections", config = "[profile dev]\na = 1\n[profile test]\na = 2", profiles = { dev = { a = "1" }, test = { a = "2" } } },
  { "no blanks around the sign", config = "[profile dev]\nregion=eu-west-1", profiles = { dev = { region = "eu-west-1" } } },
  { "many blanks around the sign", config = "[profile dev]\nregion \t =\t  eu-west-1 \t", profiles = { dev = { region = "eu-west-1" } } },
  { "names in any case", config = "[profile dev]\nReGion = EU", profiles = { dev = { region = "EU" } } },
  { "every sign of a property's name", config = "[profile dev]\naZ09-_./%@:+ = 1", profiles = { dev = { ["az09-_./%@:+"] = "1" } } },
  { "names of properties that are none", config = "[profile dev]\nmy region = 1\nre!gion = 2\n\195\164 = 3\nregion = r",
    profiles = { dev = { region = "r" } } },
  { "lines that go on with such a property", config = "[profile dev]\nmy region =\n a = 1\nmy value = 2\n more\nregion = r",
    profiles = { dev = { region = "r" } } },
  { "an empty value", config = "[profile dev]\na =\nb =  \t\nc=\n", profiles = { dev = { a = "", b = "", c = "" } } },
  { "a value with signs of its own", config = "[profile dev]\na = b=c==\nd = [x]\ne = \"quoted\"", profiles = {
    dev = { a = "b=c==", d = "[x]", e = '"quoted"' } } },
  { "a secret with everything that secrets have", credentials = "[dev]\naws_secret_access_key = wJ/+al==", profiles = {
    dev = { aws_secret_access_key = "wJ/+al==" } } },
  { "a value with blanks", config = "[profile dev]\ncredential_process = /bin/keys --for  dev", profiles = {
    dev = { credential_process = "/bin/keys --for  dev" } } },
  { "a value in UTF-8", config = "[profile dev]\na = \226\130\172 \240\159\166\153", profiles = { dev = { a = "\226\130\172 \240\159\166\153" } } },
  { "a later value of one name", config = "[profile dev]\na = 1\na = 2", profiles = { dev = { a = "2" } } },
  { "a later value of one name in another case", config = "[profile dev]\nRegion = 1\nregion = 2", profiles = { dev = { region = "2" } } },
  { "a later section of one title", config = "[profile dev]\na = 1\nb = 2\n[profile test]\n[profile dev]\nb = 3\nc = 4",
    profiles = { dev = { a = "1", b = "3", c = "4" }, test = {} } },

  -- line endings and the byte order mark
  { "CRLF", config = "[profile dev]\r\na = 1\r\n\r\nb =\r\n c = 2\r\n", profiles = { dev = { a = "1", b = { c = "2" } } } },
  { "both kinds of line ends", config = "[profile dev]\r\na = 1\nb = 2\r\n", profiles = { dev = { a = "1", b = "2" } } },
  { "a last line without an end", config = "[profile dev]\na = 1", profiles = { dev = { a = "1" } } },
  { "a byte order mark", config = "\239\187\191[profile dev]\na = 1", profiles = { dev = { a = "1" } } },
  { "a byte order mark before a comment", credentials = "\239\187\191# keys\n[dev]\na = 1", profiles = { dev = { a = "1" } } },
  { "a byte order mark in the middle", config = "[profile dev]\n\239\187\191[profile test]", error = "config:2: " .. PROPERTY },

  -- comments
  { "lines of comments", config = "# a = 1\n[profile dev]\n; b = 2\nc = 3\n#d = 4", profiles = { dev = { c = "3" } } },
  { "indented comments", config = " # a\n[profile dev]\n\t; b\nc = 3\n  # d", profiles = { dev = { c = "3" } } },
  { "comments behind a title", config = "[profile dev] # a\n[profile test]\t; b", profiles = { dev = {}, test = {} } },
  { "comments that touch a title", config = "[profile dev]# a\n[profile test];b", profiles = { dev = {}, test = {} } },
  { "brackets in such a comment", config = "[profile dev] # [profile test]\na = 1", profiles = { dev = { a = "1" } } },
  { "comments behind a value", config = "[profile dev]\na = 1 # x\nb = 2 ; x # y\nc = 3\t;x", profiles = { dev = { a = "1", b = "2", c = "3" } } },
  { "comments that touch a value", config = "[profile dev]\na = 1# x\nb = 2;x", profiles = { dev = { a = "1# x", b = "2;x" } } },
  { "a comment in place of a value", config = "[profile dev]\na = # x\nb =\t; y", profiles = { dev = { a = "", b = "" } } },
  { "a value that is a comment's sign", config = "[profile dev]\na =# x\nb =;", profiles = { dev = { a = "# x", b = ";" } } },
  { "an empty comment", config = "#\n[profile dev];\na = 1 ;\n;", profiles = { dev = { a = "1" } } },
  { "a comment before the sign", config = "[profile dev]\na # = 1", error = "config:2: " .. PROPERTY },
  { "a comment within a title", config = "[profile dev # x]", error = "config:1: " .. TITLE },

  -- continuation lines
  { "a value on two lines", config = "[profile dev]\na = 1\n 2", profiles = { dev = { a = "1\n2" } } },
  { "a value on many lines", config = "[profile dev]\na = 1\n 2\n\t3\n  = 4\nb = 5", profiles = { dev = { a = "1\n2\n3\n= 4", b = "5" } } },
  { "blanks around such a line", config = "[profile dev]\na = 1\n \t 2 \t ", profiles = { dev = { a = "1\n2" } } },
  { "a comment behind such a line belongs to it", config = "[profile dev]\na = 1\n 2 # x\n 3 ; y", profiles = { dev = { a = "1\n2 # x\n3 ; y" } } },
  { "blank lines and comments between such lines", config = "[profile dev]\na = 1\n\n 2\n# x\n 3\n # y\n", profiles = { dev = { a = "1\n2\n3" } } },
  { "an indented title belongs to the value above", config = "[profile dev]\na = 1\n [profile test]\nb = 2",
    profiles = { dev = { a = "1\n[profile test]", b = "2" } } },
  { "a property and its lines once more", config = "[profile dev]\na = 1\n 2\na = 3", profiles = { dev = { a = "3" } } },

  -- indented blocks
  { "a block", config = "[profile dev]\ns3 =\n  max_queue_size = 10\n  region = no\nregion = yes", profiles = {
    dev = { s3 = { max_queue_size = "10", region = "no" }, region = "yes" } } },
  { "a block with tabs, blank lines and comments", config = "[profile dev]\ns3 = # x\n\ta = 1 # y\n\n  # z\n \tb=2\n", profiles = {
    dev = { s3 = { a = "1", b = "2" } } } },
  { "two blocks", config = "[profile dev]\ns3 =\n a = 1\nsts =\n a = 2", profiles = { dev = { s3 = { a = "1" }, sts = { a = "2" } } } },
  { "names and values of a block", config = "[profile dev]\ns3 =\n A = b=c\n d =\n my name = e\n f = g\n f = h", profiles = {
    dev = { s3 = { a = "b=c", d = "", f = "h" } } } },
  { "a block once more replaces the first", config = "[profile dev]\ns3 =\n a = 1\n[profile dev]\ns3 =\n b = 2", profiles = {
    dev = { s3 = { b = "2" } } } },
  { "keys in a block are not the profile's", credentials = "[dev]\ns3 =\n aws_access_key_id = no", profiles = {
    dev = { s3 = { aws_access_key_id = "no" } } } },

  -- sso-session and services
  { "an sso-session", config = "[sso-session corp]\nsso_region = r\nsso_start_url = https://x/#/\n[profile dev]\nsso_session = corp",
    profiles = { dev = { sso_session = "corp" } }, sso_sessions = { corp = { sso_region = "r", sso_start_url = "https://x/#/" } } },
  { "sso-sessions in two parts, with tabs", config = "[sso-session\tcorp]\na = 1\n[ sso-session  corp ]\nb = 2\n[sso-session other]",
    profiles = {}, sso_sessions = { corp = { a = "1", b = "2" }, other = {} } },
  { "a profile, an sso-session and services of one name", config = "[profile x]\na = 1\n[sso-session x]\nb = 2\n[services x]\nc = 3",
    profiles = { x = { a = "1" } }, sso_sessions = { x = { b = "2" } }, services = { x = { c = "3" } } },
  { "names of sso-sessions and services that are none", config = "[sso-session a b]\n[services c d]\n[sso-session]\n[services]\n[sso-sessionx]",
    profiles = {} },
  { "sso-sessions and services in the credentials file", credentials = "[sso-session a]\nb = 1\n[services c]\nd = 2\n[sso-sessionx]\ne = 3",
    profiles = { ["sso-sessionx"] = { e = "3" } } },
  { "services", config = "[services local]\ndynamodb =\n  endpoint_url = http://localhost:8000 # x\nsts =\n  endpoint_url = http://localhost:1/\n"
    .. "[profile dev]\nservices = local", profiles = { dev = { services = "local" } }, services = { ["local"] = {
      dynamodb = { endpoint_url = "http://localhost:8000" }, sts = { endpoint_url = "http://localhost:1/" } } } },

  -- both files
  { "a profile in both files", config = "[profile dev]\na = 1\nregion = r", credentials = "[dev]\nb = 2", profiles = {
    dev = { a = "1", b = "2", region = "r" } } },
  { "a value in both files", config = "[profile dev]\nregion = r\ns3 =\n a = 1", credentials = "[dev]\nregion = s\ns3 =\n b = 2",
    profiles = { dev = { region = "s", s3 = { b = "2" } } } },
  { "keys in both files", config = "[profile dev]\naws_access_key_id = k1\naws_secret_access_key = s1\naws_session_token = t1",
    credentials = "[dev]\naws_access_key_id = k2\naws_secret_access_key = s2", profiles = {
      dev = { aws_access_key_id = "k2", aws_secret_access_key = "s2" } } },
  { "half a key in one file, the other half in the other", config = "[profile dev]\naws_secret_access_key = s1\nregion = r",
    credentials = "[dev]\naws_access_key_id = k2", profiles = { dev = { aws_access_key_id = "k2", region = "r" } } },
  { "a token in one file, the key in the other", config = "[profile dev]\naws_access_key_id = k1\naws_secret_access_key = s1",
    credentials = "[dev]\naws_session_token = t2\naws_security_token = t3", profiles = {
      dev = { aws_access_key_id = "k1", aws_secret_access_key = "s1" } } },
  { "keys in the config file only", config = "[profile dev]\naws_access_key_id = k\naws_secret_access_key = s\naws_session_token = t",
    credentials = "[dev]\nregion = r", profiles = { dev = { aws_access_key_id = "k", aws_secret_access_key = "s",
      aws_session_token = "t", region = "r" } } },

  -- malformed files
  { "a title without its bracket", config = "[profile dev]\na = 1\n[profile test\nb = 2", error = "config:3: " .. TITLE },
  { "something behind a title", credentials = "[dev] a = 1", error = "credentials:1: " .. TITLE },
  { "a property before any section", config = "\n# x\na = 1", error = "config:3: " .. SECTION },
  { "an indented property before any section", config = "  a = 1\n[profile dev]", error = "config:1: " .. SECTION },
  { "a property without a sign", config = "[profile dev]\r\na = 1\r\nregion eu-west-1\r\n", error = "config:3: " .. PROPERTY },
  { "a property with a colon", credentials = "[dev]\na: 1", error = "credentials:2: " .. PROPERTY },
  { "a property without a name", config = "[profile dev]\n= 1", error = "config:2: " .. NAME },
  { "a property whose name is a comment", config = "[profile dev]\n\n \n== 1", error = "config:4: " .. NAME },
  { "an indented line below a title", config = "[profile dev]\n  region = r", error = "config:2: " .. OWNERLESS },
  { "an indented line below a title that comes again", config = "[profile dev]\na = 1\n[profile dev]\n 2", error = "config:4: " .. OWNERLESS },
  { "a block's line without a sign", config = "[profile dev]\ns3 =\n a = 1\n b", error = "config:4: " .. BLOCK },
  { "a block's line without a name", config = "[profile dev]\ns3 =\n = 1", error = "config:3: " .. NAME },
  { "JSON", credentials = "{\n  \"AccessKeyId\": \"k\"\n}", error = "credentials:1: " .. PROPERTY },
  { "UTF-16", config = "\255\254[\0d\0]\0\n\0", error = "config:1: " .. PROPERTY },
  { "a file that is right beside one that is not", config = "[profile dev]", credentials = "[dev]\nx", error = "credentials:2: " .. PROPERTY },
}
