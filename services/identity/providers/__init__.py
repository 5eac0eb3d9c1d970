"""外部登录 · Sign-in of people by the site's own OpenID provider"""
