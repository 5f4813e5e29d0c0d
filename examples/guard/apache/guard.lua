-- /etc/apache2/aztoken/guard.lua: asks aztoken guard, as Apache's own modules cannot.
local http = require "socket.http"
local url = "http://127.0.0.1:16931/check"
local passed_on = {
    "Authorization", "Origin", "Access-Control-Request-Method",
    "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
}
-- Some frameworks route by these headers, and the token should go no further than necessary.
local removed = {
    ["authorization"] = true, ["x-original-url"] = true, ["x-rewrite-url"] = true,
    ["x-http-method-override"] = true, ["x-http-method"] = true, ["x-method-override"] = true,
}
local identity = { "Tenant", "Object-Id", "Client-Id", "Roles", "Scopes", "Claims" }

function check(r)
    local sent = {
        ["Host"] = r.hostname, ["X-Original-Method"] = r.method, ["X-Original-URI"] = r.unparsed_uri,
    }
    for _, name in ipairs(passed_on) do sent[name] = r.headers_in[name] end

    http.TIMEOUT = 15 -- the guard waits up to 10 s for keys
    local _, status, answer = http.request { url = url, headers = sent, redirect = false }
    if status == 200 then
        for name in pairs(r:headers_in_table()) do
            local read = name:lower():gsub("%W", "-") -- as CGI, WSGI and PHP read it
            if removed[read] or read:find("^x%-auth%-") then r.headers_in[name] = nil end
        end
        for _, name in ipairs(identity) do
            r.headers_in["X-Auth-" .. name] = answer["x-auth-" .. name:lower()] or ""
        end
        return apache2.OK
    end
    if type(answer) == "table" then
        r.err_headers_out["WWW-Authenticate"] = answer["www-authenticate"]
        r.err_headers_out["Retry-After"] = answer["retry-after"]
    end
    return (status == 401 or status == 403) and status or 503
end
