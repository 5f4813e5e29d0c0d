-- /etc/haproxy/guard.lua: asks aztoken guard, as HAProxy cannot ask another process by itself.
local url = "http://127.0.0.1:16931/check"
local passed_on = {
    "authorization", "origin", "access-control-request-method",
    "x-http-method-override", "x-http-method", "x-method-override",
}
-- Some frameworks route by these headers, and the token should go no further than necessary.
local removed = {
    ["authorization"] = true, ["x-original-url"] = true, ["x-rewrite-url"] = true,
    ["x-http-method-override"] = true, ["x-http-method"] = true, ["x-method-override"] = true,
}
local identity = { "tenant", "object-id", "client-id", "roles", "scopes", "claims" }

core.register_action("aztoken_guard", { "http-req" }, function(txn)
    local sent, headers = txn.http:req_get_headers(), {}
    for _, name in ipairs(passed_on) do
        headers[name] = {}
        for _, value in pairs(sent[name] or {}) do table.insert(headers[name], value) end
    end
    headers["host"] = { txn.f:req_hdr("host") }
    headers["x-original-method"] = { txn.f:method() }
    headers["x-original-uri"] = { txn.f:url() }

    -- The guard waits up to 10 s for keys. If it hangs, HAProxy asks four times.
    local answer = core.httpclient():get { url = url, headers = headers, timeout = 11000 }
    local status = answer and answer.status or 503
    local function header(name) return answer and answer.headers and answer.headers[name] and answer.headers[name][0] end
    if status == 200 then
        for name in pairs(sent) do
            local read = name:lower():gsub("%W", "-") -- as CGI, WSGI and PHP read it
            if removed[read] or read:find("^x%-auth%-") then txn.http:req_del_header(name) end
        end
        for _, name in ipairs(identity) do
            txn.http:req_set_header("x-auth-" .. name, header("x-auth-" .. name) or "")
        end
        txn:set_var("txn.aztoken_guard", "passed")
        return
    end
    if status ~= 401 and status ~= 403 then status = 503 end
    local reply = txn:reply { status = status }
    for _, name in ipairs { "www-authenticate", "retry-after" } do
        if header(name) then reply:add_header(name, header(name)) end
    end
    txn:done(reply)
end)
