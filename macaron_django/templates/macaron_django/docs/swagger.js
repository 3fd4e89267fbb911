"use strict";

const csrfToken = "{{ csrf_token|escapejs }}";

const ui = SwaggerUIBundle({
  url: "{{ schema_url|escapejs }}",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  oauth2RedirectUrl: "{{ oauth2_redirect_url|escapejs }}",
  requestInterceptor: (request) => {
    // Django asks for its token where the browser's session is what authenticates.
    const own = new URL(request.url, document.baseURI).origin === window.location.origin;
    if (own && !["GET", "HEAD", undefined].includes(request.method)) {
      request.headers["{{ csrf_header_name|escapejs }}"] = csrfToken;
    }
    return request;
  },
  ...{{ settings|safe }},
});

{% if oauth2_config and oauth2_config != "{}" %}ui.initOAuth({{ oauth2_config|safe }});{% endif %}
