--- Credentials from one section of a file. Key, secret and token always come from the same section.

--- Returns the credentials | nil when the section has none | nil, why when it has only a part. 'where' names
--- the section.
return function(section, where)
  local key, secret = section.aws_access_key_id, section.aws_secret_access_key
  if not key and not secret then return nil end
  if not key or key == "" then return nil, where .. " has no aws_access_key_id" end
  if not secret or secret == "" then return nil, where .. " has no aws_secret_access_key" end
  return {
    aws_access_key_id = key,
    aws_secret_access_key = secret,
    aws_session_token = section.aws_session_token or section.aws_security_token,
  }
end
