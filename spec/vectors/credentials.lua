-- Scenarios of the credential chain: the environment, the files, the responses of the services (spec/support/fake_aws.js)
-- and the expected result. Placeholders: {port} is the port of fake_aws.js, {+900} is the time 900 seconds from now as
-- text, {ms+900} is that time in milliseconds since 1970. Fields:
--   environment  variables by name
--   files        contents by name (config, credentials, boto, sso, login) or by path
--   given        options of connect
--   run          output of credential programs
--   responses    lists of responses by service
--   steps        actions in order, default { "get" }: "get", "refresh" (the service rejected the current credentials), a
--                number of seconds to advance the clock, or a function of the environment and the files
--   found        result of the last step: key, token, account, source, expires (seconds from now); false: no credentials
--                and no error
--   error        error of the last step, instead of found
--   requests     all requests, in the notation of fake_aws.js
--   commands     programs that were run
--   written      members of the JSON files that were written, by path
-- The secret of each key is "secret-of-" followed by the key.

local ROLE, BASE_ROLE = "arn:aws:iam::123456789012:role/app", "arn:aws:iam::210987654321:role/base"

-- Responses of STS.
local function assumed(key, seconds, account)
  return { body = ([[<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser>
    <AssumedRoleId>AROA:me</AssumedRoleId><Arn>arn:aws:sts::%s:assumed-role/app/me</Arn></AssumedRoleUser><Credentials>
    <AccessKeyId>%s</AccessKeyId><SecretAccessKey>secret-of-%s</SecretAccessKey><SessionToken>token-of-%s</SessionToken>
    <Expiration>{+%d}</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
    </AssumeRoleResponse>]]):format(account or "123456789012", key, key, key, seconds or 3600),
    headers = { ["Content-Type"] = "text/xml" } }
end

local function sts_error(status, code, message)
  return { status = status, headers = { ["Content-Type"] = "text/xml" }, body = ([[<ErrorResponse
    xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>
    <RequestId>r</RequestId></ErrorResponse>]]):format(code, message) }
end

-- Responses of container agents and of instance metadata.
local function document(key, seconds, more)
  local body = { Code = "Success", AccessKeyId = key, SecretAccessKey = "secret-of-" .. key, Token = "token-of-" .. key,
    Expiration = ("{+%d}"):format(seconds or 3600), LastUpdated = "{+0}", Type = "AWS-HMAC" }
  for name, value in pairs(more or {}) do body[name] = value end
  return { body = body }
end

local METADATA_TOKEN = { body = "METATOKEN==", headers = { ["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"] = "21600" } }
local METADATA_ROLE = { body = "app-role" }

-- Responses of the SSO portal and of the token services.
local function sso_role(key, seconds)
  return { body = { roleCredentials = { accessKeyId = key, secretAccessKey = "secret-of-" .. key, sessionToken = "token-of-" .. key,
    expiration = ("{ms+%d}"):format(seconds or 3600) } } }
end

local function sso_token(name, seconds, more)
  local body = { startUrl = "https://corp.awsapps.com/start", region = "us-west-2", accessToken = "access-" .. name,
    expiresAt = ("{+%d}"):format(seconds), clientId = "client-1", clientSecret = "client-secret-1",
    registrationExpiresAt = "{+864000}", refreshToken = "refresh-" .. name }
  for member, value in pairs(more or {}) do body[member] = value or nil end
  return body
end

local function login_response(key, seconds)
  return { body = { accessToken = { accessKeyId = key, secretAccessKey = "secret-of-" .. key, sessionToken = "token-of-" .. key },
    tokenType = "aws_sigv4", expiresIn = seconds, refreshToken = "refresh-of-" .. key } }
end

local function login_cache(key, seconds)
  return { accessToken = { accessKeyId = key, secretAccessKey = "secret-of-" .. key, sessionToken = "token-of-" .. key,
    accountId = "123456789012", expiresAt = ("{+%d}"):format(seconds) }, clientId = "arn:aws:signin:::devtools/same-device",
    dpopKey = dofile("spec/vectors/es256.lua").good.SEC1, refreshToken = "refresh-of-" .. key, tokenType = "aws_sigv4" }
end

local function keys(title, key, more)
  return ("[%s]\naws_access_key_id = %s\naws_secret_access_key = secret-of-%s\n%s"):format(title, key, key, more or "")
end

local function printed(key, more)
  return ('{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"secret-of-%s"%s}'):format(key, key, more or "")
end

local ENVIRONMENT = { AWS_ACCESS_KEY_ID = "AKIDENV", AWS_SECRET_ACCESS_KEY = "secret-of-AKIDENV" }
local IRSA = { AWS_WEB_IDENTITY_TOKEN_FILE = "/token", AWS_ROLE_ARN = ROLE, AWS_ROLE_SESSION_NAME = "pod" }
local CONTAINER = { AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://127.0.0.1:{port}/container/v1" }
local METADATA = { AWS_EC2_METADATA_DISABLED = "false" }
local SSO_PROFILE = "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n"
  .. "[sso-session corp]\nsso_region = us-west-2\nsso_start_url = https://corp.awsapps.com/start\n"
local LOGIN_PROFILE = "[default]\nlogin_session = arn:aws:iam::123456789012:user/me\n"

local SSO_SESSION_FILE = "/home/.aws/sso/cache/{sha1:corp}.json"
local SSO_LEGACY_FILE = "/home/.aws/sso/cache/{sha1:https://corp.awsapps.com/start}.json"
local LOGIN_FILE = "/home/.aws/login/cache/{sha256:arn:aws:iam::123456789012:user/me}.json"

local with = require("dynamodb.base.options").merge

local METADATA_REQUESTS = { "metadata PUT /latest/api/token ttl=21600", "metadata GET ROLE/ token=METATOKEN==",
  "metadata GET ROLE/app-role token=METATOKEN==" }

local PLACES = "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY); environment (AWS_WEB_IDENTITY_TOKEN_FILE); "
  .. "profile 'default' in /home/.aws/credentials and /home/.aws/config; container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, "
  .. "AWS_CONTAINER_CREDENTIALS_FULL_URI); %s; section [Credentials] in /home/.boto and /etc/boto.cfg"

return {
  -- Order of the sources
  { name = "options before all else", given = { aws_access_key_id = "AKIDOPT", aws_secret_access_key = "secret-of-AKIDOPT" },
    environment = ENVIRONMENT, files = { credentials = keys("default", "AKIDSHARED") },
    found = { key = "AKIDOPT", source = "options" } },
  { name = "a table as option", given = { credentials = { aws_access_key_id = "AKIDOPT", aws_secret_access_key = "secret-of-AKIDOPT",
    aws_session_token = "t" } }, environment = ENVIRONMENT, found = { key = "AKIDOPT", token = "t", source = "options" } },
  { name = "a function as option", given = { credentials = function()
    return { aws_access_key_id = "AKIDFUN", aws_secret_access_key = "secret-of-AKIDFUN" }
  end }, environment = ENVIRONMENT, found = { key = "AKIDFUN", source = "function" } },
  { name = "the environment before a web identity", environment = with(ENVIRONMENT, IRSA),
    found = { key = "AKIDENV", source = "environment" } },
  { name = "the environment with token and account", environment = with(ENVIRONMENT, { AWS_SESSION_TOKEN = "t",
    AWS_ACCOUNT_ID = "123456789012" }), found = { key = "AKIDENV", token = "t", account = "123456789012", source = "environment" } },
  { name = "the environment's keys before its profile", environment = with(ENVIRONMENT, { AWS_PROFILE = "b" }),
    files = { credentials = keys("b", "AKIDB") }, found = { key = "AKIDENV", source = "environment" } },
  { name = "the environment without reading files, broken ones even", environment = ENVIRONMENT,
    files = { config = "what is this" }, found = { key = "AKIDENV", source = "environment" } },
  { name = "a web identity before the profile", environment = IRSA, files = { credentials = keys("default", "AKIDSHARED"),
    ["/token"] = "jwt" }, responses = { sts = { assumed("ASIAPOD") } }, found = { key = "ASIAPOD", token = "token-of-ASIAPOD",
    account = "123456789012", source = "web identity", expires = 3600 },
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned" } },
  { name = "the profile before a container", environment = CONTAINER, files = { credentials = keys("default", "AKIDSHARED") },
    found = { key = "AKIDSHARED", source = "profile" } },
  { name = "the profile that the environment names", environment = { AWS_PROFILE = "b" },
    files = { credentials = keys("default", "AKIDSHARED") .. keys("b", "AKIDB") }, found = { key = "AKIDB", source = "profile" } },
  { name = "an explicit profile before the environment", given = { profile = "b" }, environment = with(ENVIRONMENT, IRSA),
    files = { credentials = keys("b", "AKIDB", "aws_session_token = t\n") }, found = { key = "AKIDB", token = "t",
    source = "profile" } },
  { name = "the credentials file before the config file, key and token together", files = {
    credentials = keys("default", "AKIDSHARED"), config = keys("default", "AKIDCONFIG", "aws_session_token = t\n") },
    found = { key = "AKIDSHARED", source = "profile" } },
  { name = "the config file", files = { config = keys("profile b", "AKIDCONFIG", "aws_session_token = t\n") },
    environment = { AWS_PROFILE = "b" }, found = { key = "AKIDCONFIG", token = "t", source = "profile" } },
  { name = "a container before instance metadata", environment = with(CONTAINER, METADATA),
    responses = { container = { document("ASIABOX", 3600, { AccountId = "123456789012" }) } }, found = { key = "ASIABOX",
    token = "token-of-ASIABOX", account = "123456789012", source = "container", expires = 3600 },
    requests = { "container GET /v1" } },
  { name = "instance metadata before boto's files", environment = METADATA, files = { boto = keys("Credentials", "AKIDBOTO") },
    responses = { metadata = { METADATA_TOKEN, METADATA_ROLE, document("ASIAEC2") } }, found = { key = "ASIAEC2",
    token = "token-of-ASIAEC2", source = "instance metadata", expires = 3600 }, requests = METADATA_REQUESTS },
  { name = "boto's files last", files = { boto = keys("Credentials", "AKIDBOTO") }, found = { key = "AKIDBOTO", source = "boto" } },
  { name = "boto's files after an instance without a role", environment = METADATA,
    files = { boto = keys("Credentials", "AKIDBOTO") }, responses = { metadata = { METADATA_TOKEN, { status = 404 } } },
    found = { key = "AKIDBOTO", source = "boto" }, requests = { METADATA_REQUESTS[1], METADATA_REQUESTS[2] } },

  -- Missing and unusable credentials
  { name = "nothing anywhere", error = "no AWS credentials found; looked at " .. PLACES:format("instance metadata (disabled)") },
  { name = "nothing anywhere, metadata included", environment = METADATA, responses = { metadata = { { status = 404 },
    { status = 404 } } }, error = "no AWS credentials found; looked at "
    .. PLACES:format("instance metadata (the instance has no role)"),
    requests = { METADATA_REQUESTS[1], "metadata GET ROLE/" } },
  { name = "an explicit profile without credentials looks nowhere else", given = { profile = "b" }, environment = with(CONTAINER,
    METADATA), files = { config = "[profile b]\nregion = eu-west-1\n", boto = keys("Credentials", "AKIDBOTO") },
    error = "no AWS credentials found; looked at profile 'b' in /home/.aws/credentials and /home/.aws/config" },
  { name = "a profile that is not there", environment = { AWS_PROFILE = "b" }, files = { boto = keys("Credentials", "AKIDBOTO") },
    error = "profile 'b' (environment AWS_PROFILE) is neither in /home/.aws/credentials nor in /home/.aws/config" },
  { name = "half an environment", environment = { AWS_ACCESS_KEY_ID = "k" }, files = { credentials = keys("default", "A") },
    error = "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not" },
  { name = "half a profile", files = { credentials = "[default]\naws_access_key_id = k\n", boto = keys("Credentials", "A") },
    error = "profile 'default' in /home/.aws/credentials has no aws_secret_access_key" },
  { name = "a broken file", files = { config = "[default]\nwhat is this\n" },
    error = "/home/.aws/config:2: '[section]' or 'name = value' expected" },
  { name = "a web identity without a role", environment = { AWS_WEB_IDENTITY_TOKEN_FILE = "/token" },
    error = "the environment has a token file of a web identity, but no role" },
  { name = "a web identity that is refused", environment = IRSA, files = { ["/token"] = "jwt-of-the-pod" },
    responses = { sts = { sts_error(400, "InvalidIdentityToken", "no provider for jwt-of-the-pod") } },
    error = "STS responded with status 400: InvalidIdentityToken: no provider for ...",
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt-of-the-pod by=unsigned" } },
  { name = "a web identity whose provider is reached at the third attempt", environment = IRSA, files = { ["/token"] = "jwt" },
    responses = { sts = { sts_error(400, "IDPCommunicationError", "no"), sts_error(400, "IDPCommunicationError", "no"),
      assumed("ASIAPOD") } }, found = { key = "ASIAPOD", token = "token-of-ASIAPOD", account = "123456789012",
      source = "web identity", expires = 3600 },
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned",
      "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned",
      "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned" } },

  -- Roles.
  { name = "a role by another profile, with all settings", files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\nsource_profile = base\nexternal_id = x=y&z\nrole_session_name = me\nduration_seconds = 900\nregion = eu-west-1\n",
    credentials = keys("base", "AKIDBASE", "aws_session_token = base-token\n") }, responses = { sts = { assumed("ASIAROLE", 900) } },
    found = { key = "ASIAROLE", token = "token-of-ASIAROLE", account = "123456789012", source = "assume role", expires = 900 },
    requests = { "sts AssumeRole role=" .. ROLE .. " session=me external=x=y&z duration=900 "
      .. "by=AKIDBASE+base-token@eu-west-1/sts" } },
  { name = "a chain of roles", files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\nsource_profile = middle\nrole_session_name = me\n[profile middle]\nrole_arn = " .. BASE_ROLE
    .. "\nsource_profile = base\nrole_session_name = me\n", credentials = keys("base", "AKIDBASE") },
    responses = { sts = { assumed("ASIAMIDDLE", 3600, "210987654321"), assumed("ASIAROLE") } }, found = { key = "ASIAROLE",
      token = "token-of-ASIAROLE", account = "123456789012", source = "assume role", expires = 3600 },
    requests = { "sts AssumeRole role=" .. BASE_ROLE .. " session=me by=AKIDBASE@us-east-1/sts",
      "sts AssumeRole role=" .. ROLE .. " session=me by=ASIAMIDDLE+token-of-ASIAMIDDLE@us-east-1/sts" } },
  { name = "a role by the profile's own keys", files = { config = keys("default", "AKIDSELF", "role_arn = " .. ROLE
    .. "\nsource_profile = default\nrole_session_name = me\n") }, responses = { sts = { assumed("ASIAROLE") } },
    found = { key = "ASIAROLE", token = "token-of-ASIAROLE", account = "123456789012", source = "assume role", expires = 3600 },
    requests = { "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDSELF@us-east-1/sts" } },
  { name = "profiles in a circle", environment = { AWS_PROFILE = "a" }, files = { config = "[profile a]\nrole_arn = r\n"
    .. "source_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n" },
    error = "profiles that take their credentials from each other: a -> b -> a" },
  { name = "a role by the environment", environment = ENVIRONMENT, given = { profile = "app" },
    files = { config = "[profile app]\nrole_arn = " .. ROLE .. "\ncredential_source = Environment\nrole_session_name = me\n" },
    responses = { sts = { assumed("ASIAROLE") } }, found = { key = "ASIAROLE", token = "token-of-ASIAROLE",
      account = "123456789012", source = "assume role", expires = 3600 },
    requests = { "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDENV@us-east-1/sts" } },
  { name = "a role by a container", environment = CONTAINER, files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\ncredential_source = EcsContainer\nrole_session_name = me\n" }, responses = { container = { document("ASIABOX") },
    sts = { assumed("ASIAROLE") } }, found = { key = "ASIAROLE", token = "token-of-ASIAROLE", account = "123456789012",
      source = "assume role", expires = 3600 }, requests = { "container GET /v1",
      "sts AssumeRole role=" .. ROLE .. " session=me by=ASIABOX+token-of-ASIABOX@us-east-1/sts" } },
  { name = "a role by instance metadata", environment = METADATA, files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\ncredential_source = Ec2InstanceMetadata\nrole_session_name = me\n" }, responses = { metadata = { METADATA_TOKEN,
    METADATA_ROLE, document("ASIAEC2") }, sts = { assumed("ASIAROLE") } }, found = { key = "ASIAROLE",
      token = "token-of-ASIAROLE", account = "123456789012", source = "assume role", expires = 3600 },
    requests = { METADATA_REQUESTS[1], METADATA_REQUESTS[2], METADATA_REQUESTS[3],
      "sts AssumeRole role=" .. ROLE .. " session=me by=ASIAEC2+token-of-ASIAEC2@us-east-1/sts" } },
  { name = "a role by a source without credentials", files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\ncredential_source = Ec2InstanceMetadata\n" }, error = "profile 'default': no credentials in its credential_source: "
    .. "instance metadata (disabled)" },
  { name = "a role that wants a device", files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n", credentials = keys("base", "AKIDBASE") },
    error = "profile 'default' wants a code of the device 'arn:aws:iam::123456789012:mfa/me' (mfa_serial), for which this "
    .. "client cannot ask; get a session with the AWS CLI, or give a function as credentials" },
  { name = "a role that is refused", files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\nsource_profile = base\nrole_session_name = me\n", credentials = keys("base", "AKIDBASE") },
    responses = { sts = { sts_error(403, "AccessDenied", "User: arn:x is not authorized to perform: sts:AssumeRole") } },
    error = "profile 'default': STS responded with status 403: AccessDenied: User: arn:x is not authorized to perform: "
    .. "sts:AssumeRole", requests = { "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDBASE@us-east-1/sts" } },
  { name = "a role of a busy STS", files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\nsource_profile = base\nrole_session_name = me\n", credentials = keys("base", "AKIDBASE") },
    responses = { sts = { { status = 503 }, { drop = true }, assumed("ASIAROLE") } }, found = { key = "ASIAROLE",
      token = "token-of-ASIAROLE", account = "123456789012", source = "assume role", expires = 3600 },
    requests = { "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDBASE@us-east-1/sts",
      "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDBASE@us-east-1/sts",
      "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDBASE@us-east-1/sts" } },
  { name = "a role although the clock is hours ahead", environment = { AWS_DISABLE_CLOCK_SKEW_CORRECTION = "false" },
    files = { config = "[default]\nrole_arn = " .. ROLE .. "\nsource_profile = base\nrole_session_name = me\n",
      credentials = keys("base", "AKIDBASE") }, responses = { sts = { sts_error(403, "SignatureDoesNotMatch", "Signature expired"),
      assumed("ASIAROLE") } }, steps = { 7200, "get" }, found = { key = "ASIAROLE", token = "token-of-ASIAROLE",
      account = "123456789012", source = "assume role", expires = -3600 },
    requests = { "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDBASE@us-east-1/sts (not now)",
      "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDBASE@us-east-1/sts" } },
  { name = "a role by a web identity in a profile", files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\nweb_identity_token_file = /token\nrole_session_name = me\n", ["/token"] = "jwt\n" },
    responses = { sts = { assumed("ASIAPOD") } }, found = { key = "ASIAPOD", token = "token-of-ASIAPOD", account = "123456789012",
      source = "web identity", expires = 3600 },
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=me token=jwt by=unsigned" } },

  -- Programs.
  { name = "a program", files = { config = "[default]\ncredential_process = /opt/helper --for app\naws_account_id = 123456789012\n" },
    run = printed("ASIAPROC", ',"SessionToken":"t","Expiration":"{+900}"'), found = { key = "ASIAPROC", token = "t",
    account = "123456789012", source = "process", expires = 900 }, commands = { "/opt/helper --for app" } },
  { name = "a program as the source of a role", files = { config = "[default]\nrole_arn = " .. ROLE
    .. "\nsource_profile = base\nrole_session_name = me\n[profile base]\ncredential_process = /opt/helper\n" },
    run = printed("AKIDPROC"), responses = { sts = { assumed("ASIAROLE") } }, found = { key = "ASIAROLE",
      token = "token-of-ASIAROLE", account = "123456789012", source = "assume role", expires = 3600 },
    requests = { "sts AssumeRole role=" .. ROLE .. " session=me by=AKIDPROC@us-east-1/sts" }, commands = { "/opt/helper" } },
  { name = "a program that prints what has expired", files = { config = "[default]\ncredential_process = p\n" },
    run = printed("A", ',"Expiration":"{+-5}"'),
    error = "credential_process of profile 'default' printed credentials that have expired", commands = { "p" } },
  { name = "a program that prints no JSON", files = { config = "[default]\ncredential_process = p\n" }, run = "secret-of-A",
    error = "credential_process of profile 'default' printed no JSON", commands = { "p" } },

  -- SSO.
  { name = "SSO with a session", files = { config = SSO_PROFILE, [SSO_SESSION_FILE] = sso_token("one", 3600) },
    responses = { sso = { sso_role("ASIASSO") } }, found = { key = "ASIASSO", token = "token-of-ASIASSO", account = "123456789012",
      source = "sso", expires = 3600 },
    requests = { "sso GET /federation/credentials account=123456789012 role=Reader token=access-one" } },
  { name = "SSO with a token to refresh", files = { config = SSO_PROFILE, [SSO_SESSION_FILE] = sso_token("one", 200,
    { custom = "kept" }) }, responses = { oidc = { { body = { accessToken = "access-two", expiresIn = 28800, tokenType = "Bearer",
      refreshToken = "refresh-two" } } }, sso = { sso_role("ASIASSO") } }, found = { key = "ASIASSO", token = "token-of-ASIASSO",
      account = "123456789012", source = "sso", expires = 3600 },
    requests = { "oidc POST /token grant=refresh_token client=client-1 secret=client-secret-1 token=refresh-one",
      "sso GET /federation/credentials account=123456789012 role=Reader token=access-two" },
    written = { [SSO_SESSION_FILE] = sso_token("two", 28800, { custom = "kept" }) } },
  { name = "SSO with a token to refresh, which is refused while it holds", files = { config = SSO_PROFILE,
    [SSO_SESSION_FILE] = sso_token("one", 200) }, responses = { oidc = { { status = 400, body = { error = "invalid_grant" } } },
      sso = { sso_role("ASIASSO") } }, found = { key = "ASIASSO", token = "token-of-ASIASSO", account = "123456789012",
      source = "sso", expires = 3600 },
    requests = { "oidc POST /token grant=refresh_token client=client-1 secret=client-secret-1 token=refresh-one",
      "sso GET /federation/credentials account=123456789012 role=Reader token=access-one" } },
  { name = "SSO with a token that has expired, and a refresh that is refused", files = { config = SSO_PROFILE,
    [SSO_SESSION_FILE] = sso_token("one", -5) }, responses = { oidc = { { status = 400, body = { error = "invalid_grant" } } } },
    error = "the SSO session has expired (SSO OIDC responded with status 400: invalid_grant); run: aws sso login --sso-session corp",
    requests = { "oidc POST /token grant=refresh_token client=client-1 secret=client-secret-1 token=refresh-one" } },
  { name = "SSO without having logged in", files = { config = SSO_PROFILE },
    error = SSO_SESSION_FILE .. " is not there; run: aws sso login --sso-session corp" },
  { name = "SSO signed out elsewhere", files = { config = SSO_PROFILE, [SSO_SESSION_FILE] = sso_token("one", 3600) },
    responses = { sso = { { status = 401, body = { message = "Session token not found or invalid" } } } },
    error = "SSO responded with status 401: Session token not found or invalid; run: aws sso login --sso-session corp",
    requests = { "sso GET /federation/credentials account=123456789012 role=Reader token=access-one" } },
  { name = "SSO in its old form", files = { config = "[default]\nsso_account_id = 123456789012\nsso_role_name = Reader\n"
    .. "sso_region = us-west-2\nsso_start_url = https://corp.awsapps.com/start\n", [SSO_LEGACY_FILE] = sso_token("old", 100) },
    responses = { sso = { sso_role("ASIASSO") } }, found = { key = "ASIASSO", token = "token-of-ASIASSO",
      account = "123456789012", source = "sso", expires = 3600 },
    requests = { "sso GET /federation/credentials account=123456789012 role=Reader token=access-old" } },
  { name = "SSO in its old form, expired", files = { config = "[default]\nsso_account_id = 123456789012\nsso_role_name = Reader\n"
    .. "sso_region = us-west-2\nsso_start_url = https://corp.awsapps.com/start\n", [SSO_LEGACY_FILE] = sso_token("old", -1) },
    error = "the SSO session has expired; run: aws sso login with this profile" },
  { name = "SSO as the source of a role", files = { config = SSO_PROFILE .. "[profile app]\nrole_arn = " .. ROLE
    .. "\nsource_profile = default\nrole_session_name = me\n", [SSO_SESSION_FILE] = sso_token("one", 3600) },
    environment = { AWS_PROFILE = "app" }, responses = { sso = { sso_role("ASIASSO") }, sts = { assumed("ASIAROLE") } },
    found = { key = "ASIAROLE", token = "token-of-ASIAROLE", account = "123456789012", source = "assume role", expires = 3600 },
    requests = { "sso GET /federation/credentials account=123456789012 role=Reader token=access-one",
      "sts AssumeRole role=" .. ROLE .. " session=me by=ASIASSO+token-of-ASIASSO@us-east-1/sts" } },

  -- aws login.
  { name = "a login", files = { config = LOGIN_PROFILE, [LOGIN_FILE] = login_cache("ASIALOGIN", 800) },
    found = { key = "ASIALOGIN", token = "token-of-ASIALOGIN", account = "123456789012", source = "login", expires = 800 } },
  { name = "a login to refresh", files = { config = LOGIN_PROFILE, [LOGIN_FILE] = login_cache("ASIALOGIN", 100) },
    responses = { signin = { login_response("ASIANEXT", 900) } }, found = { key = "ASIANEXT", token = "token-of-ASIANEXT",
      account = "123456789012", source = "login", expires = 900 },
    requests = { "signin POST /v1/token grant=refresh_token client=arn:aws:signin:::devtools/same-device "
      .. "token=refresh-of-ASIALOGIN proof=good" }, written = { [LOGIN_FILE] = login_cache("ASIANEXT", 900) } },
  { name = "a login in another folder", environment = { AWS_LOGIN_CACHE_DIRECTORY = "/logins" }, files = { config = LOGIN_PROFILE,
    ["/logins/{sha256:arn:aws:iam::123456789012:user/me}.json"] = login_cache("ASIALOGIN", 800) },
    found = { key = "ASIALOGIN", token = "token-of-ASIALOGIN", account = "123456789012", source = "login", expires = 800 } },
  { name = "a login that has ended", files = { config = LOGIN_PROFILE, [LOGIN_FILE] = login_cache("ASIALOGIN", -100) },
    responses = { signin = { { status = 401, body = { error = "TOKEN_EXPIRED", message = "expired" } } } },
    error = "login: the session has expired; run: aws login",
    requests = { "signin POST /v1/token grant=refresh_token client=arn:aws:signin:::devtools/same-device "
      .. "token=refresh-of-ASIALOGIN proof=good" } },

  -- Containers.
  { name = "a container with a token", environment = with(CONTAINER, { AWS_CONTAINER_AUTHORIZATION_TOKEN = "Basic x" }),
    responses = { container = { document("ASIABOX") } }, found = { key = "ASIABOX", token = "token-of-ASIABOX",
      source = "container", expires = 3600 }, requests = { "container GET /v1 token=Basic x" } },
  { name = "a pod whose token is replaced", environment = with(CONTAINER, { AWS_CONTAINER_AUTHORIZATION_TOKEN = "unused",
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = "/var/token" }), files = { ["/var/token"] = "first" },
    responses = { container = { document("ASIABOX", 900), document("ASIANEXT", 900) } }, steps = { "get", 700,
      function(_, files) files["/var/token"] = "second" end, "get" },
    found = { key = "ASIANEXT", token = "token-of-ASIANEXT", source = "container", expires = 200 },
    requests = { "container GET /v1 token=first", "container GET /v1 token=second" } },
  { name = "a container's URL elsewhere", environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://10.0.0.1/v1" },
    error = "AWS_CONTAINER_CREDENTIALS_FULL_URI: plain http is for this machine and the agents of ECS and EKS, not for '10.0.0.1'" },
  { name = "a container that sends elsewhere", environment = CONTAINER, responses = { container = { { status = 302,
    headers = { Location = "http://127.0.0.1:{port}/elsewhere" } } } },
    error = "container's agent responded with status 302", requests = { "container GET /v1" } },
  { name = "a container beside a proxy", environment = with(CONTAINER, { http_proxy = "http://127.0.0.1:{port}/",
    https_proxy = "http://127.0.0.1:{port}/" }), responses = { container = { document("ASIABOX") } }, found = { key = "ASIABOX",
    token = "token-of-ASIABOX", source = "container", expires = 3600 }, requests = { "container GET /v1" } },
  { name = "a container that does not end", environment = CONTAINER, responses = { container = { { size = 2000000 },
    { size = 2000000 }, { size = 2000000 } } }, error = "container's agent: %s", requests = { "container GET /v1",
    "container GET /v1", "container GET /v1" } },
  { name = "a container that does not respond the first time", environment = CONTAINER, responses = { container = { { hang = true },
    document("ASIABOX") } }, found = { key = "ASIABOX", token = "token-of-ASIABOX", source = "container", expires = 3600 },
    requests = { "container GET /v1", "container GET /v1" } },

  -- Instance metadata.
  { name = "an instance of version 1", environment = METADATA, responses = { metadata = { { status = 404 }, METADATA_ROLE,
    document("ASIAEC2") } }, found = { key = "ASIAEC2", token = "token-of-ASIAEC2", source = "instance metadata",
    expires = 3600 }, requests = { METADATA_REQUESTS[1], "metadata GET ROLE/", "metadata GET ROLE/app-role" } },
  { name = "an instance of version 1, which is forbidden", environment = with(METADATA, { AWS_EC2_METADATA_V1_DISABLED = "true" }),
    responses = { metadata = { { status = 404 } } },
    error = "instance metadata: no token for version 2, and version 1 is disabled", requests = { METADATA_REQUESTS[1] } },
  { name = "an instance that needs three attempts", environment = with(METADATA, { AWS_METADATA_SERVICE_NUM_ATTEMPTS = "3" }),
    responses = { metadata = { { drop = true }, { status = 500 }, METADATA_TOKEN, METADATA_ROLE, document("ASIAEC2") } },
    found = { key = "ASIAEC2", token = "token-of-ASIAEC2", source = "instance metadata", expires = 3600 },
    requests = { METADATA_REQUESTS[1], METADATA_REQUESTS[1], METADATA_REQUESTS[1], METADATA_REQUESTS[2], METADATA_REQUESTS[3] } },
  { name = "an instance beside a proxy, whose token is used again", environment = with(METADATA, {
    http_proxy = "http://127.0.0.1:{port}/" }), responses = { metadata = { METADATA_TOKEN, METADATA_ROLE, document("ASIAEC2", 900),
      METADATA_ROLE, document("ASIANEXT", 3600) } }, steps = { "get", 700, "get" }, found = { key = "ASIANEXT",
      token = "token-of-ASIANEXT", source = "instance metadata", expires = 2900 }, requests = { METADATA_REQUESTS[1],
      METADATA_REQUESTS[2], METADATA_REQUESTS[3], METADATA_REQUESTS[2], METADATA_REQUESTS[3] } },
  { name = "an instance whose metadata is down when credentials end", environment = METADATA, responses = { metadata = {
    METADATA_TOKEN, METADATA_ROLE, document("ASIAEC2"), { status = 500 } } }, steps = { "get", 7200, "get", 60, "get" },
    found = { key = "ASIAEC2", token = "token-of-ASIAEC2", source = "instance metadata", expires = -3660 },
    requests = { METADATA_REQUESTS[1], METADATA_REQUESTS[2], METADATA_REQUESTS[3], METADATA_REQUESTS[2] } },
  { name = "an instance that gives what has expired", environment = METADATA, responses = { metadata = { METADATA_TOKEN,
    METADATA_ROLE, document("ASIAEC2", -600) } }, steps = { "get", 200, "get" }, found = { key = "ASIAEC2",
    token = "token-of-ASIAEC2", source = "instance metadata", expires = -800 }, requests = METADATA_REQUESTS },
  { name = "an instance whose role cannot be taken", environment = METADATA, responses = { metadata = { METADATA_TOKEN, METADATA_ROLE,
    { body = { Code = "AssumeRoleUnauthorizedAccess", Message = "EC2 cannot assume the role app-role" } } } },
    error = "instance metadata responded with status 200: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role app-role",
    requests = METADATA_REQUESTS },

  -- Caching and refreshing
  { name = "credentials that are kept", environment = IRSA, files = { ["/token"] = "jwt" }, responses = { sts = { assumed("ASIAPOD") } },
    steps = { "get", 3000, "get", "get" }, found = { key = "ASIAPOD", token = "token-of-ASIAPOD", account = "123456789012",
      source = "web identity", expires = 600 },
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned" } },
  { name = "credentials that are about to expire", environment = IRSA, files = { ["/token"] = "jwt" },
    responses = { sts = { assumed("ASIAPOD"), assumed("ASIANEXT", 7200) } }, steps = { "get", 3400, "get" },
    found = { key = "ASIANEXT", token = "token-of-ASIANEXT", account = "123456789012", source = "web identity", expires = 3800 },
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned",
      "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned" } },
  { name = "credentials that cannot be refreshed, while they hold", environment = IRSA, files = { ["/token"] = "jwt" },
    responses = { sts = { assumed("ASIAPOD"), sts_error(403, "AccessDenied", "no") } }, steps = { "get", 3400, "get", "get" },
    found = { key = "ASIAPOD", token = "token-of-ASIAPOD", account = "123456789012", source = "web identity", expires = 200 },
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned",
      "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned" } },
  { name = "credentials that cannot be refreshed, and have expired", environment = IRSA, files = { ["/token"] = "jwt",
    credentials = keys("default", "AKIDOTHER") }, responses = { sts = { assumed("ASIAPOD"), sts_error(403, "AccessDenied", "no") } },
    steps = { "get", 3700, "get" }, error = "STS responded with status 403: AccessDenied: no",
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned",
      "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned" } },
  { name = "a source that is gone, for no other takes its place", environment = CONTAINER, files = {
    boto = keys("Credentials", "AKIDBOTO") }, responses = { container = { document("ASIABOX") } }, steps = { "get",
    function(environment) environment.AWS_CONTAINER_CREDENTIALS_FULL_URI = nil end, 4000, "get" },
    error = "no AWS credentials found; looked at container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, "
    .. "AWS_CONTAINER_CREDENTIALS_FULL_URI)", requests = { "container GET /v1" } },
  { name = "a container whose clock is not believed", environment = with(CONTAINER, { AWS_DISABLE_CLOCK_SKEW_CORRECTION = "false" }),
    responses = { container = { document("ASIABOX"), document("ASIANEXT") } }, steps = { 7200, "get", 500, "get" },
    found = { key = "ASIANEXT", token = "token-of-ASIANEXT", source = "container", expires = -4100 },
    requests = { "container GET /v1", "container GET /v1" } },
  { name = "credentials that the service has refused", environment = IRSA, files = { ["/token"] = "jwt" },
    responses = { sts = { assumed("ASIAPOD"), assumed("ASIANEXT") } }, steps = { "get", "refresh" },
    found = { key = "ASIANEXT", token = "token-of-ASIANEXT", account = "123456789012", source = "web identity", expires = 3600 },
    requests = { "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned",
      "sts AssumeRoleWithWebIdentity role=" .. ROLE .. " session=pod token=jwt by=unsigned" } },
  { name = "a profile that another process has rewritten", files = { credentials = keys("default", "ASIAOLD") },
    steps = { "get", function(_, files) files["/home/.aws/credentials"] = keys("default", "ASIANEW") end, "get", "refresh" },
    found = { key = "ASIANEW", source = "profile" } },
  { name = "a profile that is written after a look-up has found none", files = { config = "[default]\nregion = eu-west-1\n" },
    given = { profile = "default" },
    steps = { "get", function(_, files) files["/home/.aws/credentials"] = keys("default", "ASIANEW") end, "get" },
    found = { key = "ASIANEW", source = "profile" } },
  { name = "a profile that was not rewritten", files = { credentials = keys("default", "ASIAOLD") },
    steps = { "get", "refresh" }, found = false },
  { name = "a program that is run again", files = { config = "[default]\ncredential_process = p\n" },
    run = printed("ASIAPROC", ',"Expiration":"{+900}"'), steps = { "get", 300, "get", 300, "get" }, found = { key = "ASIAPROC",
    source = "process", expires = 300 }, commands = { "p", "p" } },
  { name = "the environment, which is never read again", environment = ENVIRONMENT, steps = { "get",
    function(environment) environment.AWS_ACCESS_KEY_ID = "AKIDOTHER" end, "refresh" }, found = false },
  { name = "options, which are never replaced", given = { aws_access_key_id = "AKIDOPT", aws_secret_access_key = "secret-of-AKIDOPT" },
    environment = ENVIRONMENT, steps = { "get", "refresh" }, found = false },
  { name = "a source that was empty the first time", steps = { "get", function(environment)
    environment.AWS_ACCESS_KEY_ID, environment.AWS_SECRET_ACCESS_KEY = "AKIDLATE", "secret-of-AKIDLATE"
  end, "get" }, found = { key = "AKIDLATE", source = "environment" } },
}
